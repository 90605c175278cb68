/**
 * The wiring of a gateway.
 * @module
 */
import type { Clock } from "../../net/clock.ts";
import type { Connection } from "../../net/connection.ts";
import { Intake } from "../../net/intake.ts";
import { reasonOf } from "../../net/reason.ts";
import type { Peer } from "../peer/peer.ts";
import { type DiscardCounter, gate } from "../peer/peer_gate.ts";
import { diameterFrames } from "../wire/frame_rule.ts";
import { AppDirectory } from "./apps/directory.ts";
import { AppLimits } from "./apps/limits.ts";
import { AppServer } from "./apps/server.ts";
import { SessionAffinity } from "./apps/session_affinity.ts";
import type { GatewayOptions } from "./core/options.ts";
import type { Served } from "./core/relay_peer.ts";
import type { RelayTrace } from "./core/trace.ts";
import { RelayRuntime } from "./core/runtime.ts";
import { TransactionTable } from "./core/transactions.ts";
import { DraAdoption } from "./dras/adoption.ts";
import { DraPool } from "./dras/pool.ts";
import { Housekeeping } from "./housekeeping.ts";
import { AnswerStage } from "./path/answers.ts";
import { RequestChecks } from "./path/checks.ts";
import { Duplicates } from "./path/duplicates.ts";
import { Entry } from "./path/entry.ts";
import { Refusals } from "./path/refusals.ts";
import { RequestStage } from "./path/requests.ts";
import { Retries } from "./path/retries.ts";
import { ToApps } from "./path/to_apps.ts";
import { ToDras } from "./path/to_dras.ts";
import { Tracing } from "./path/tracing.ts";
import { PolicyHolder } from "./policy/policy.ts";

/** The parts of one gateway, for {@link Gateway} and for tests that look inside. */
export interface RelayParts {
  readonly runtime: RelayRuntime;
  readonly pool: DraPool;
  readonly apps: AppDirectory;
  readonly server: AppServer;
  readonly toDras: ToDras;
  readonly toApps: ToApps;
  readonly requests: RequestStage;
  readonly checks: RequestChecks;
  readonly policies: PolicyHolder;
  readonly duplicates: Duplicates;
  readonly intakes: ReadonlySet<Intake>;
  readonly housekeeping: Housekeeping;
  /**
   * Passes new options on to all parts but the pool and the server, which start and stop things.
   */
  configure(): void;
}

/**
 * Makes the parts and connects them; nothing runs yet.
 * @param trace is told of transactions
 * @param clock what everything that waits goes by; the system's unless said otherwise
 */
export function assemble(options: GatewayOptions, trace?: RelayTrace, clock?: Clock): RelayParts {
  const runtime = new RelayRuntime(options, clock, undefined, undefined, trace);
  const tracing = trace === undefined ? undefined : new Tracing(runtime, trace);
  const apps = new AppDirectory();
  const intakes = new Set<Intake>();
  const refusals = new Refusals(runtime, tracing);
  const sessions = new SessionAffinity();
  const pool = new DraPool(runtime, {
    suspect: (link) => retries.suspect(link),
    lost: (link) => toDras.lost(link),
    serve,
  });
  const limits = new AppLimits(runtime, apps);
  const checks = new RequestChecks(options);
  const policies = new PolicyHolder(runtime.meters, (event) => runtime.emit(event));
  function configurePolicy() {
    policies.configure(runtime.options);
    checks.checksDestinationLater = policies.current?.routing?.addsRealm === true;
  }
  configurePolicy();
  const duplicates = new Duplicates(runtime, refusals);
  refusals.duplicates = duplicates;
  const retries = new Retries(runtime, pool, policies, duplicates, refusals, tracing);
  const toDras = new ToDras({
    runtime,
    pool,
    limits,
    policies,
    duplicates,
    checks,
    sessions,
    refusals,
    retries,
    tracing,
  });
  const firstGeneration = Math.floor(runtime.random() * 0x10000);
  const reverse = new TransactionTable(
    runtime.segments,
    firstGeneration,
    runtime.tick(),
    runtime.budgets.reverse,
    true,
  );
  const toApps = new ToApps({ runtime, apps, sessions, refusals, table: reverse, tracing });
  const requests = new RequestStage(runtime, checks, policies, toDras, toApps, refusals, duplicates);
  const answers = new AnswerStage(runtime, reverse, retries, duplicates, tracing);
  const entry = new Entry(runtime, requests, answers);
  const server = new AppServer(runtime, apps, new DraAdoption(runtime, pool), {
    serve,
    lost(app) {
      toApps.lost(app);
      toDras.left(app.key);
    },
  });

  /** One connection, from its bytes to the relay, until it ends. */
  function serve(connection: Connection, peer: Peer, served: Served): void {
    const discarded: DiscardCounter = (reason, malformed) => {
      if (malformed === undefined) runtime.discarded(reason);
      else runtime.malformed(served.relayPeer?.originHost ?? peer.remoteText, malformed);
    };
    const intake = new Intake(connection, runtime.blocks, {
      rule: diameterFrames(() => peer.longestMessage(served.longestMessage)),
      take: gate(peer, (batch) => entry.take(served, batch), discarded, () => served.servesReopening()),
      ended(error) {
        intakes.delete(intake);
        peer.abort(error === undefined ? "the peer closed the connection" : reasonOf(error));
      },
    });
    intakes.add(intake);
  }

  return {
    runtime,
    pool,
    apps,
    server,
    toDras,
    toApps,
    requests,
    checks,
    policies,
    duplicates,
    intakes,
    housekeeping: new Housekeeping({ runtime, pool, apps, intakes, requests, toDras, toApps, duplicates }),
    configure() {
      checks.configure(runtime.options);
      configurePolicy();
      for (const part of [duplicates, refusals, toDras, toApps, answers]) part.configure();
    },
  };
}
