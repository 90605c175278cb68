/**
 * What the process uses of its machine, under the names that all Prometheus clients give it.
 * @module
 */
import process from "node:process";
import { Readings } from "./readings.ts";
import type { Registry } from "./registry.ts";

/** Where Linux tells of this process. Deno lets only a program with all permissions look there. */
const OPEN_FILES = "/proc/self/fd";
const LIMITS = "/proc/self/limits";

/** One look at the process. */
export interface ProcessUsage {
  /** Processor seconds since its start, of all threads. */
  readonly cpu: number;
  /** Resident memory in bytes. */
  readonly memory: number;
  /** Seconds since 1970. */
  readonly startTime: number;
  /** Undefined where nobody says. */
  readonly openFiles: number | undefined;
  /** The soft limit; undefined where nobody says, infinity without one. */
  readonly maxOpenFiles: number | undefined;
}

/** Looks. Nothing that is missing on this machine is an error. */
export async function processUsage(): Promise<ProcessUsage> {
  const { user, system } = process.cpuUsage();
  return {
    cpu: (user + system) / 1e6,
    memory: Deno.memoryUsage().rss,
    startTime: performance.timeOrigin / 1000,
    openFiles: await ifReadable(openFiles),
    maxOpenFiles: await ifReadable(async () => maxOpenFilesIn(await Deno.readTextFile(LIMITS))),
  };
}

/** The soft limit in the text of /proc/self/limits; undefined when it is not there. */
export function maxOpenFilesIn(limits: string): number | undefined {
  const found = /^Max open files +(\d+|unlimited)/m.exec(limits)?.[1];
  return found === undefined ? undefined : found === "unlimited" ? Infinity : Number(found);
}

/** Declares the families in `registry`; each scrape looks anew. */
export function addProcessMetrics(
  registry: Registry,
  look: () => ProcessUsage | Promise<ProcessUsage> = processUsage,
): void {
  let usage: ProcessUsage | undefined;
  registry.before(async () => {
    usage = await look();
  });
  const add = (
    type: "counter" | "gauge",
    name: string,
    help: string,
    read: (usage: ProcessUsage) => number | undefined,
  ) =>
    registry.add(
      new Readings(type, name, help).from(() => {
        const value = usage === undefined ? undefined : read(usage);
        return value === undefined ? [] : [[{}, value]];
      }),
    );
  add("counter", "process_cpu_seconds_total", "Processor seconds used, of all threads.", ({ cpu }) => cpu);
  add("gauge", "process_resident_memory_bytes", "Resident memory.", ({ memory }) => memory);
  add("gauge", "process_start_time_seconds", "Start of the process, in seconds since 1970.", (of) => of.startTime);
  add("gauge", "process_open_fds", "Open file descriptors.", (of) => of.openFiles);
  add("gauge", "process_max_fds", "File descriptors that may be open at once.", (of) => of.maxOpenFiles);
}

/**
 * Linux 6.2 and later say it as the directory's size; before, its entries are counted. The look
 * itself opens one.
 */
async function openFiles(): Promise<number> {
  const { size } = await Deno.stat(OPEN_FILES);
  if (size > 0) return size;
  let count = -1;
  for await (const _ of Deno.readDir(OPEN_FILES)) count++;
  return count;
}

async function ifReadable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return undefined;
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}
