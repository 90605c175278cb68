import { assertEquals } from "@std/assert";
import { RouteTable } from "../../src/grpc/routes.ts";

const LOGIN = { prefix: "/my_service.MyServiceAPI/Login" };
const LOGIN_TWICE = { prefix: "/my_service.MyServiceAPI/LoginTwice" };
const SERVICE = { prefix: "/my_service.MyServiceAPI/" };
const SERVICE_AGAIN = { prefix: "/my_service.MyServiceAPI/", second: true };
const ANY = { prefix: "/" };

for (
  const [path, expected] of [
    ["/my_service.MyServiceAPI/Login", LOGIN],
    ["/my_service.MyServiceAPI/LoginX", LOGIN],
    ["/my_service.MyServiceAPI/LoginTwice", LOGIN_TWICE],
    ["/my_service.MyServiceAPI/Logi", SERVICE],
    ["/my_service.MyServiceAPI/", SERVICE],
    ["/my_service.MyServiceAP", ANY],
    ["/other.Service/Method", ANY],
    ["/", ANY],
    ["*", undefined],
    ["", undefined],
  ] as const
) {
  for (const order of ["shortest first", "longest first"]) {
    Deno.test(`the longest prefix of "${path}" wins, ${order} in the file`, () => {
      const routes = [ANY, SERVICE, LOGIN, LOGIN_TWICE];
      const table = new RouteTable<{ prefix: string }>(order === "shortest first" ? routes : routes.toReversed());
      // Asked twice: the second answer is remembered.
      assertEquals([table.find(path), table.find(path)], [expected, expected]);
    });
  }
}

Deno.test("of two routes with one prefix the first counts", () => {
  assertEquals(new RouteTable([SERVICE, SERVICE_AGAIN]).find(SERVICE.prefix), SERVICE);
});

Deno.test("more paths than are remembered still find their routes", () => {
  const table = new RouteTable<{ prefix: string }>([ANY, LOGIN]);
  for (let i = 0; i < 5_000; i++) assertEquals(table.find(`/s.S/${i}`), ANY);
  assertEquals(table.find(LOGIN.prefix), LOGIN);
});
