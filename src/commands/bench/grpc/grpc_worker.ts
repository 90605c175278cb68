/**
 * The gRPC gateway of `bench grpc`, in a thread of its own: what it costs can be told from what the
 * load costs.
 * @module
 */
import process from "node:process";
import { DEFAULT_CLUSTER, DEFAULT_GRPC, DEFAULT_ROUTE } from "../../../grpc/config/options.ts";
import { GrpcGateway } from "../../../grpc/gateway.ts";
import type { Endpoint } from "../../../net/connection.ts";
import { answerQuestions } from "../../load/thread.ts";

/** What the thread is asked. */
export type GrpcQuestion =
  | { readonly kind: "start"; readonly backend: Endpoint }
  | { readonly kind: "usage" }
  | { readonly kind: "stop" };

/** What it answers, one for each question. */
export type GrpcAnswer =
  | { readonly kind: "started"; readonly address: Endpoint }
  | { readonly kind: "usage"; readonly cpuSeconds: number; readonly isReady: boolean }
  | { readonly kind: "stopped" };

let gateway: GrpcGateway | undefined;

async function answer(question: GrpcQuestion): Promise<GrpcAnswer> {
  switch (question.kind) {
    case "start":
      gateway = new GrpcGateway({
        ...DEFAULT_GRPC,
        listen: [{ hostname: "127.0.0.1", port: 0 }],
        routes: [{ ...DEFAULT_ROUTE, prefix: "/", cluster: "backend" }],
        clusters: { backend: { ...DEFAULT_CLUSTER, type: "static", addresses: [question.backend] } },
      });
      await gateway.start();
      return { kind: "started", address: gateway.addresses[0]! };
    case "usage": {
      const { user, system } = process.threadCpuUsage();
      const isReady = (await gateway?.status())?.state === "ready";
      return { kind: "usage", cpuSeconds: (user + system) / 1e6, isReady };
    }
    case "stop":
      await gateway?.stop();
      return { kind: "stopped" };
  }
}

answerQuestions(answer);
