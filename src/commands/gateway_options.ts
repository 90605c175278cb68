/**
 * From the configuration, as people write it, to what the relay is told.
 * @module
 */
import type { GatewayOptions } from "../diameter/relay/options.ts";
import type { Config } from "../ops/config/mod.ts";

/** The relay's options for an effective configuration. */
export function gatewayOptions({ gateway, server, dra_pool }: Config): GatewayOptions {
  return {
    originHost: gateway.origin_host,
    originRealm: gateway.origin_realm,
    productName: gateway.product_name,
    vendorId: gateway.vendor_id,
    mode: gateway.mode,
    applications: gateway.applications.map(({ id, vendor, type }) => ({ id, vendor, accounting: type === "acct" })),
    requestTimeout: gateway.request_timeout,
    answerTimeout: gateway.answer_timeout,
    maxAttempts: gateway.max_attempts,
    timeoutResultCode: gateway.timeout_result_code,
    retryResultCodes: gateway.retry_result_codes,
    neverRetry: gateway.never_retry,
    strictPBit: gateway.strict_p_bit,
    drainTimeout: gateway.drain_timeout,
    errorDetail: gateway.error_detail,
    memoryLimit: gateway.memory_limit,
    server: {
      listen: server.listen,
      maxConnections: server.max_connections,
      capabilitiesTimeout: server.capabilities_timeout,
      watchdogInterval: server.watchdog_interval,
      watchdogJitter: server.watchdog_jitter,
      maxMessageSize: server.max_message_size,
      sendQueueLimit: server.send_queue_limit,
      writeTimeout: server.write_timeout,
      dprTimeout: server.dpr_timeout,
      tcpNoDelay: server.tcp_nodelay,
      ...(server.tls === null ? {} : {
        tls: {
          listen: server.tls.listen,
          cert: server.tls.cert,
          key: server.tls.key,
          clientCa: server.tls.client_ca,
        },
      }),
      duplicateOriginHost: server.duplicate_origin_host,
      allow: server.allow.map((rule) => ({ originHost: rule.origin_host, from: rule.from })),
      rateLimit: {
        requestsPerSecond: server.rate_limit.requests_per_second,
        burst: server.rate_limit.burst,
      },
      maxInFlight: server.max_in_flight,
    },
    draPool: {
      connectionsPerDra: dra_pool.connections_per_dra,
      connectTimeout: dra_pool.connect_timeout,
      capabilitiesTimeout: dra_pool.capabilities_timeout,
      watchdogInterval: dra_pool.watchdog_interval,
      watchdogJitter: dra_pool.watchdog_jitter,
      reopenWatchdogs: dra_pool.reopen_watchdogs,
      reopenLastResort: dra_pool.reopen_last_resort,
      reconnect: {
        initial: dra_pool.reconnect.initial,
        multiplier: dra_pool.reconnect.multiplier,
        max: dra_pool.reconnect.max,
        jitter: dra_pool.reconnect.jitter,
        afterRefusal: dra_pool.reconnect.after_refusal,
      },
      dprTimeout: dra_pool.dpr_timeout,
      maxMessageSize: dra_pool.max_message_size,
      writeTimeout: dra_pool.write_timeout,
      tcpNoDelay: dra_pool.tcp_nodelay,
      failbackDelay: dra_pool.failback_delay,
      balance: dra_pool.balance,
      maxInFlight: dra_pool.max_in_flight,
      sendQueueLimit: dra_pool.send_queue_limit,
      dras: dra_pool.dras.map((dra) => ({
        name: dra.name,
        host: dra.host,
        port: dra.port,
        priority: dra.priority,
        weight: dra.weight,
        originHost: dra.origin_host,
        bind: dra.bind,
        accept: dra.accept,
        ...(dra.tls === null ? {} : {
          tls: { ca: dra.tls.ca, cert: dra.tls.cert, key: dra.tls.key, serverName: dra.tls.server_name },
        }),
      })),
    },
  };
}
