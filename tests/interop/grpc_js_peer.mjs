/**
 * A server and a client of @grpc/grpc-js, for Node in a process of its own. Bundled before it is
 * run; told what to do by lines of JSON on stdin, answers with lines of JSON on stdout.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";

const same = (bytes) => bytes;
const method = (name, requestStream, responseStream) => ({
  path: `/test.Echo/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const SERVICE = {
  Unary: method("Unary", false, false),
  Collect: method("Collect", true, false),
  Count: method("Count", false, true),
  Echo: method("Echo", true, true),
};
const OPTIONS = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };
const say = (value) => console.log(JSON.stringify(value));

let cancelled = 0;

/** What the client sent comes back: in headers and in trailers. */
function reflect(call) {
  const headers = new grpc.Metadata();
  for (const value of call.metadata.get("ping-bin")) headers.add("pong-bin", value);
  for (const value of call.metadata.get("word")) headers.add("word", value);
  call.sendMetadata(headers);
  call.on("cancelled", () => void cancelled++);
  const trailers = new grpc.Metadata();
  trailers.add("end-bin", Buffer.from([0, 255, 10]));
  return trailers;
}

const HANDLERS = {
  Unary(call, done) {
    const trailers = reflect(call);
    const word = call.request.toString("latin1", 0, 20);
    if (word === "fail") return done({ code: 9, details: "prüfung 100%" }, null, trailers);
    if (word === "never") return;
    if (word === "cancelled") return done(null, Buffer.from(String(cancelled)));
    if (word === "deadline") return done(null, Buffer.from(String(call.getDeadline() - Date.now())));
    done(null, call.request, trailers);
  },
  Collect(call, done) {
    const trailers = reflect(call);
    const parts = [];
    call.on("data", (part) => parts.push(part));
    call.on("end", () => done(null, Buffer.concat(parts), trailers));
  },
  Count(call) {
    const trailers = reflect(call);
    for (let i = 1; i <= Number(call.request.toString()); i++) call.write(Buffer.from(String(i)));
    call.end(trailers);
  },
  Echo(call) {
    const trailers = reflect(call);
    call.on("data", (part) => call.write(part));
    call.on("end", () => call.end(trailers));
  },
};

function credentialsOf({ ca, cert, key }, isServer) {
  if (ca === undefined) return isServer ? grpc.ServerCredentials.createInsecure() : grpc.credentials.createInsecure();
  const [roots, chain, secret] = [ca, cert, key].map((file) => readFileSync(file));
  if (!isServer) return grpc.credentials.createSsl(roots, secret, chain);
  return grpc.ServerCredentials.createSsl(roots, [{ private_key: secret, cert_chain: chain }], true);
}

function serve(tls) {
  const server = new grpc.Server(OPTIONS);
  server.addService(SERVICE, HANDLERS);
  server.bindAsync("127.0.0.1:0", credentialsOf(tls, true), (error, port) => {
    if (error) throw error;
    say({ port });
  });
}

let client;

/** One call as a promise of all that came of it. */
function call(name, messages, { metadata = [], timeout, cancelAfter } = {}) {
  const { path, requestStream, responseStream } = SERVICE[name];
  const sent = new grpc.Metadata();
  for (const [key, value] of metadata) sent.add(key, key.endsWith("-bin") ? Buffer.from(value, "base64") : value);
  const options = timeout === undefined ? {} : { deadline: Date.now() + timeout };
  const bodies = messages.map((text) => typeof text === "string" ? Buffer.from(text) : text);
  return new Promise((resolve) => {
    const got = { messages: [], headers: {}, trailers: {} };
    const finish = (error, value) => {
      if (value != null) got.messages.push(value);
      got.error = error && { code: error.code, details: error.details };
    };
    const args = [path, same, same];
    const made = requestStream
      ? responseStream
        ? client.makeBidiStreamRequest(...args, sent, options)
        : client.makeClientStreamRequest(...args, sent, options, finish)
      : responseStream
      ? client.makeServerStreamRequest(...args, bodies[0], sent, options)
      : client.makeUnaryRequest(...args, bodies[0], sent, options, finish);
    made.on("metadata", (map) => got.headers = plain(map));
    made.on("status", (status) => {
      got.trailers = plain(status.metadata);
      got.status = status.code;
      got.details = status.details;
      setImmediate(() => resolve(got));
    });
    if (responseStream) {
      made.on("error", (error) => got.error = { code: error.code, details: error.details });
      made.on("data", (part) => {
        got.messages.push(part);
        if (got.messages.length === cancelAfter) made.cancel();
      });
    }
    if (requestStream) {
      for (const body of bodies) made.write(body);
      if (cancelAfter === undefined) made.end();
    } else if (cancelAfter === 0) setTimeout(() => made.cancel(), 30);
  });
}

const plain = (map) =>
  Object.fromEntries(
    Object.keys(map.getMap()).map((
      key,
    ) => [key, map.get(key).map((v) => Buffer.isBuffer(v) ? v.toString("base64") : v)]),
  );

const COMMANDS = {
  serve,
  connect({ port, host = "127.0.0.1", compress, ...tls }) {
    client?.close();
    const options = compress ? { ...OPTIONS, "grpc.default_compression_algorithm": compress } : OPTIONS;
    client = new grpc.Client(`${host}:${port}`, credentialsOf(tls, false), options);
    say({ connected: true });
  },
  async call({ name, messages, options }) {
    const got = await call(name, messages, options);
    say({ ...got, messages: got.messages.map((message) => message.toString()) });
  },
  async big({ size, name }) {
    const body = Buffer.alloc(size, 7);
    for (let i = 0; i < size; i += 997) body[i] = i & 0xff;
    const got = await call(name, [body]);
    say({ status: got.status, same: got.messages.length === 1 && Buffer.compare(got.messages[0], body) === 0 });
  },
  async many({ count }) {
    const answers = await Promise.all(Array.from({ length: count }, (_, i) => call("Unary", [`call ${i}`])));
    say({
      good: answers.filter(({ status, messages }, i) => status === 0 && String(messages[0]) === `call ${i}`).length,
    });
  },
  /** A stream that nobody reads, and calls beside it. */
  async deaf() {
    const stream = client.makeServerStreamRequest(
      "/test.Echo/Count",
      same,
      same,
      Buffer.from("50000"),
      new grpc.Metadata(),
    );
    stream.on("error", () => {});
    await new Promise((resolve) => stream.on("metadata", resolve));
    const beside = await call("Unary", ["beside"]);
    let count = 0;
    stream.on("data", () => count++);
    await new Promise((resolve) => stream.on("end", resolve));
    say({ beside: beside.messages.map(String), count });
  },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const { command, ...rest } = JSON.parse(line);
  Promise.resolve(COMMANDS[command](rest)).catch((error) => say({ failed: String(error.stack) }));
}).on("close", () => process.exit(0));
