/**
 * What a chat gateway tells whoever listens to it.
 * @module
 */

/** Something that happened to the gateway, as plain data. */
export type ChatEvent =
  | {
    readonly kind: "chat_listening";
    readonly address: string;
    readonly protocol: "http" | "grpc";
    readonly tls: boolean;
  }
  /** A device came (Hello is answered), or went. */
  | ConnectionEvent & { readonly kind: "chat_connected" }
  | ConnectionEvent & {
    readonly kind: "chat_disconnected";
    readonly code: number;
    readonly reason: string;
    readonly seconds: number;
  }
  /** A request of a device was answered. @remarks only while somebody wants requests */
  | {
    readonly kind: "chat_request";
    readonly method: string;
    readonly profile: string;
    readonly device: string;
    readonly code: string;
    readonly milliseconds: number;
  }
  /** A device has sent too much, or read too little. */
  | { readonly kind: "chat_limit"; readonly profile: string; readonly device: string; readonly what: "rate" | "slow" }
  | { readonly kind: "chat_breaker"; readonly state: "closed" | "half-open" | "open" }
  | { readonly kind: "chat_cache_up" }
  | { readonly kind: "chat_cache_down"; readonly reason: string }
  | { readonly kind: "chat_cache_error"; readonly what: string; readonly reason: string }
  | { readonly kind: "chat_cache_overflow"; readonly room: string }
  | { readonly kind: "chat_issuer_up" }
  | { readonly kind: "chat_issuer_down"; readonly reason: string }
  /** A defect of this program. */
  | { readonly kind: "chat_defect"; readonly reason: string }
  | { readonly kind: "chat_draining"; readonly connections: number }
  | { readonly kind: "chat_stopped" };

/** A connection. */
export interface ConnectionEvent {
  readonly profile: string;
  readonly device: string;
  readonly transport: string;
  readonly remote: string;
}

/** Is told events as they happen; what it throws harms nobody. */
export type ChatListener = (event: ChatEvent) => void;
