// Prints the OpenAPI document of this service, for client generators and reviews. It needs no server.
import { createTestServer } from '../tests/support/server.ts';

const { app } = await createTestServer();
console.log(JSON.stringify(app.swagger(), null, 2));
