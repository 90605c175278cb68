/**
 * The chat gateway of `bench chat`, in a thread of its own: what it costs can be told from what the
 * load costs.
 * @module
 */
import process from "node:process";
import { DEFAULT_CHAT } from "../../../chat/config/options.ts";
import { ChatGateway } from "../../../chat/gateway.ts";
import type { Endpoint } from "../../../net/connection.ts";
import { answerQuestions } from "../../load/thread.ts";

/** What the thread is asked. */
export type ChatQuestion =
  | { readonly kind: "start"; readonly core: string; readonly secret: string }
  | { readonly kind: "usage" }
  | { readonly kind: "stop" };

/** What it answers, one for each question. */
export type ChatAnswer =
  | { readonly kind: "started"; readonly address: Endpoint }
  | { readonly kind: "usage"; readonly cpuSeconds: number }
  | { readonly kind: "stopped" };

let gateway: ChatGateway | undefined;

async function answer(question: ChatQuestion): Promise<ChatAnswer> {
  switch (question.kind) {
    case "start": {
      const { http, grpc, auth, core } = DEFAULT_CHAT;
      gateway = new ChatGateway({
        ...DEFAULT_CHAT,
        http: { ...http, listen: [{ hostname: "127.0.0.1", port: 0 }] },
        grpc: { ...grpc, listen: [] },
        auth: { ...auth, secret: question.secret },
        core: { ...core, uri: question.core },
        drainSpread: 0,
      });
      await gateway.start();
      return { kind: "started", address: gateway.addressesOf("http")[0]! };
    }
    case "usage": {
      const { user, system } = process.threadCpuUsage();
      return { kind: "usage", cpuSeconds: (user + system) / 1e6 };
    }
    case "stop":
      await gateway?.stop();
      return { kind: "stopped" };
  }
}

answerQuestions(answer);
