/**
 * The gateway of `bench`, in a thread of its own: what it costs can be told from what the load
 * costs.
 * @module
 */
import process from "node:process";
import { Gateway } from "../../diameter/relay/gateway.ts";
import type { GatewayOptions } from "../../diameter/relay/core/options.ts";
import type { Endpoint } from "../../net/connection.ts";
import { answerQuestions } from "./thread.ts";

/** What the thread is asked. */
export type BenchQuestion =
  | { readonly kind: "start"; readonly options: GatewayOptions }
  | { readonly kind: "usage" }
  | { readonly kind: "stop" };

/** What it answers, one for each question. */
export type BenchAnswer =
  | { readonly kind: "started"; readonly address: Endpoint }
  | { readonly kind: "usage"; readonly cpuSeconds: number; readonly usableDras: number }
  | { readonly kind: "stopped" };

let gateway: Gateway | undefined;

async function answer(question: BenchQuestion): Promise<BenchAnswer> {
  switch (question.kind) {
    case "start":
      gateway = new Gateway(question.options);
      await gateway.start();
      return { kind: "started", address: gateway.addresses[0]! };
    case "usage": {
      const { user, system } = process.threadCpuUsage();
      const usableDras = gateway?.statistics.active_dras ?? 0;
      return { kind: "usage", cpuSeconds: (user + system) / 1e6, usableDras };
    }
    case "stop":
      await gateway?.stop();
      return { kind: "stopped" };
  }
}

answerQuestions(answer);
