// `make load-test`: people who list, create, read, change and delete. Another service: BASE_URL=https://….
// The service limits each client to RATE_LIMIT_PER_MINUTE: start it with 0 to measure the service and not its limit.
import { check, group, sleep } from "k6";
import http from "k6/http";

const base = `${__ENV.BASE_URL || "http://localhost:3000"}/api/v1/items`;
const json = { headers: { "Content-Type": "application/json" } };

export const options = {
  scenarios: {
    people: {
      executor: "ramping-vus",
      stages: [
        { duration: "10s", target: 20 },
        { duration: __ENV.DURATION || "30s", target: 20 },
        { duration: "5s", target: 0 },
      ],
    },
  },
  thresholds: {
    checks: ["rate>0.999"],
    http_req_duration: ["p(95)<250", "p(99)<500"],
    http_req_failed: ["rate<0.001"],
  },
};

export default function () {
  group("list", () => {
    const page = http.get(`${base}?limit=20`);
    check(page, { "the list answers 200": (answer) => answer.status === 200 });
  });

  group("one item, from its first to its last day", () => {
    const made = http.post(base, JSON.stringify({ name: `load ${__VU}-${__ITER}` }), json);
    if (!check(made, { "a new item answers 201": (answer) => answer.status === 201 })) {
      return;
    }
    const url = `${base}/${made.json("id")}`;
    const tags = { tags: { name: `${base}/{id}` } };
    check(http.get(url, tags), { "it can be read": (answer) => answer.status === 200 });
    check(http.patch(url, JSON.stringify({ description: "changed" }), { ...json, ...tags }), {
      "it can be changed": (answer) => answer.status === 200,
    });
    check(http.del(url, null, tags), { "it can be deleted": (answer) => answer.status === 204 });
  });

  sleep(Math.random());
}
