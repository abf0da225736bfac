import { NestFactory } from '@nestjs/core';

const app = await NestFactory.create({});
await app.listen(4000);
