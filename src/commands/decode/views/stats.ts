/**
 * How many messages of each kind there are, and how long answers took.
 * @module
 */
import { LatencyHistogram } from "../../../ops/metrics/latency_histogram.ts";
import { type Column, tableLines } from "../../admin/columns.ts";
import { print, printError } from "../../cli/terminal.ts";
import { isRequest, responseTime, type Result, resultOf, type Seen, type View } from "../seen.ts";
import { resultText } from "./words.ts";

/** What is told apart; a hostile capture has a new command in every message. */
const MOST = { commands: 500, results: 1000 } as const;

/** Answers with one result. */
interface Answers {
  readonly result: Result | undefined;
  count: number;
  /** Of those whose request was there, and both have a time. */
  readonly times: LatencyHistogram;
}

/** One command of one application. */
interface Exchange {
  readonly command: number;
  readonly name: string;
  readonly application: number;
  readonly applicationName: string | undefined;
  requests: number;
  unanswered: number;
  /** What a request calls when its answer is there. */
  readonly answered: () => void;
  /** By code and name: what vendors mean by a code differs. */
  readonly answers: Map<string, Answers>;
}

/** Counts in a bounded amount of memory, and prints at the end. */
export class StatsView implements View {
  readonly #exchanges = new Map<string, Exchange>();
  #results = 0;
  #uncounted = 0;

  /** @param asJson one array instead of a table */
  constructor(readonly asJson: boolean) {}

  show(seen: Seen): void {
    const exchange = this.#exchangeOf(seen);
    if (exchange === undefined) return void this.#uncounted++;
    if (isRequest(seen.message)) {
      exchange.requests++;
      exchange.unanswered++;
      if (seen.request !== undefined) seen.request.onAnswer = exchange.answered;
      return;
    }
    const answers = this.#answersOf(exchange, resultOf(seen.message));
    if (answers === undefined) return void this.#uncounted++;
    answers.count++;
    const time = responseTime(seen);
    if (time !== undefined) answers.times.record(time);
  }

  end(): void {
    const exchanges = [...this.#exchanges.values()].sort((a, b) =>
      a.application - b.application || a.command - b.command
    );
    if (this.asJson) print(JSON.stringify(exchanges.map(exchangeJson), undefined, 2));
    else if (exchanges.length > 0) {
      const { head, rows } = tableLines(COLUMNS, exchanges.flatMap(rowsOf), Infinity);
      print([head, ...rows].map((line) => line.trimEnd()).join("\n"));
    }
    if (this.#uncounted > 0) {
      printError(`${this.#uncounted} messages of still more commands or results are not counted`);
    }
  }

  #exchangeOf({ message }: Seen): Exchange | undefined {
    const { command, application } = message.header;
    const key = `${application} ${command}`;
    const known = this.#exchanges.get(key);
    if (known !== undefined || this.#exchanges.size === MOST.commands) return known;
    const exchange: Exchange = {
      command,
      name: message.name.replace(/-(Request|Answer)$/, ""),
      application,
      applicationName: message.applicationName,
      requests: 0,
      unanswered: 0,
      answered: () => exchange.unanswered--,
      answers: new Map(),
    };
    this.#exchanges.set(key, exchange);
    return exchange;
  }

  #answersOf({ answers }: Exchange, result: Result | undefined): Answers | undefined {
    const key = result === undefined ? "" : resultText(result);
    const known = answers.get(key);
    if (known !== undefined || this.#results === MOST.results) return known;
    const made = { result, count: 0, times: new LatencyHistogram() };
    answers.set(key, made);
    this.#results++;
    return made;
  }
}

interface Row {
  readonly exchange: Exchange;
  readonly what: string;
  readonly count: number;
  readonly times?: LatencyHistogram;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "command", rank: 0, text: ({ exchange }) => `${exchange.name} (${exchange.command})` },
  { title: "application", rank: 0, text: ({ exchange }) => exchange.applicationName ?? String(exchange.application) },
  { title: "result", rank: 0, text: ({ what }) => what },
  { title: "count", rank: 0, align: "right", text: ({ count }) => String(count) },
  ...([["p50 ms", (times) => times.percentile(50)], ["p99 ms", (times) => times.percentile(99)], [
    "max ms",
    (times) => times.max,
  ]] satisfies [string, (times: LatencyHistogram) => number][]).map(([title, read]): Column<Row> => ({
    title,
    rank: 0,
    align: "right",
    text: ({ times }) => times === undefined || times.count === 0 ? "-" : read(times).toFixed(3),
  })),
];

function rowsOf(exchange: Exchange): Row[] {
  const { requests, unanswered } = exchange;
  return [
    ...(requests === 0 ? [] : [{ exchange, what: "requests", count: requests }]),
    ...answersIn(exchange).map(({ result, count, times }) => ({
      exchange,
      what: result === undefined ? "no result" : resultText(result),
      count,
      times,
    })),
    ...(unanswered === 0 ? [] : [{ exchange, what: "unanswered", count: unanswered }]),
  ];
}

function answersIn({ answers }: Exchange): Answers[] {
  return [...answers.values()].sort((a, b) => (a.result?.code ?? 0) - (b.result?.code ?? 0));
}

function exchangeJson(exchange: Exchange) {
  const { command, name, application, applicationName, requests, unanswered } = exchange;
  const time = (times: LatencyHistogram, value: number) => times.count === 0 ? null : value;
  return {
    command,
    name,
    application,
    application_name: applicationName ?? null,
    requests,
    unanswered,
    results: answersIn(exchange).map(({ result, count, times }) => ({
      result: result?.code ?? null,
      result_name: result?.name ?? null,
      count,
      p50_ms: time(times, times.percentile(50)),
      p99_ms: time(times, times.percentile(99)),
      max_ms: time(times, times.max),
    })),
  };
}
