/** Erlang/OTP's diameter as a node of S13, configured by the test. */
import type { Certificate } from "./certificates.ts";
import { Child } from "./child.ts";
import { program, type Requirement } from "./programs.ts";
import { GATEWAY } from "./running_gateway.ts";
import type { Identity } from "./scripted_peer.ts";

/** What tests with Erlang need. */
export const ERLANG: readonly Requirement[] = [
  program("erl", "erlang-base"),
  program("erlc", "erlang-base"),
  application("diameter", "erlang-diameter"),
];

/** What tests with Erlang and TLS need. */
export const ERLANG_TLS: readonly Requirement[] = [
  ...ERLANG,
  application("ssl", "erlang-ssl"),
  program("openssl", "openssl"),
];

/** A part of Erlang/OTP. */
function application(name: string, aptPackage: string): Requirement {
  let found = false;
  try {
    const ask = `halt(case code:lib_dir(${name}) of {error, _} -> 1; _ -> 0 end)`;
    found = new Deno.Command("erl", { args: ["-noinput", "-eval", ask], stdout: "null", stderr: "null" })
      .outputSync().success;
  } catch {
    // Not even erl is there, which is a requirement of its own.
  }
  return { name, aptPackage, missing: found ? undefined : `Erlang's ${name} is not installed` };
}

/**
 * S13 as far as these tests speak it (TS 29.272 section 7.2): Erlang builds its codec from this,
 * and is strict about it.
 */
const DICTIONARY = `
@id 16777252
@name s13_dictionary
@prefix s13
@vendor 10415 TGPP
@inherits diameter_gen_base_rfc6733
@avp_types
  Terminal-Information  1401  Grouped     VM
  IMEI                  1402  UTF8String  VM
  Software-Version      1403  UTF8String  VM
  Equipment-Status      1445  Enumerated  VM
@messages
  ECR ::= < Diameter Header: 324, REQ, PXY >
          < Session-Id >
          { Auth-Session-State }
          { Origin-Host }
          { Origin-Realm }
          { Destination-Realm }
          { Terminal-Information }
          [ Destination-Host ]
          [ User-Name ]
          [ Vendor-Specific-Application-Id ]
        * [ Route-Record ]
  ECA ::= < Diameter Header: 324, PXY >
          < Session-Id >
          { Auth-Session-State }
          { Origin-Host }
          { Origin-Realm }
          [ Result-Code ]
          [ Experimental-Result ]
          [ Equipment-Status ]
@grouped
  Terminal-Information ::= < AVP Header: 1401 10415 >
          [ IMEI ]
          [ Software-Version ]
@enum Equipment-Status
  WHITELISTED  0
  BLACKLISTED  1
  GREYLISTED   2
`;

/**
 * The node: tells on its standard output what happens, and does what it reads:
 * `ask REALM IMEI` sends an ECR; `stop` takes leave of everybody and ends.
 */
const PROGRAM = `
-module(node).
-export([main/0, interval/1]).
-export([peer_up/3, peer_down/3, pick_peer/4, prepare_request/3, prepare_retransmit/3,
         handle_answer/4, handle_error/4, handle_request/3]).

-record(diameter_packet, {header, avps, msg, bin, errors = [], transport_data}).

-define(BLACKLISTED, 1).
-define(NO_STATE_MAINTAINED, 1).
-define(UNKNOWN_EQUIPMENT, 5422).

main() ->
    [Kind, Host, Realm, Port, Interval, Tls] = init:get_plain_arguments(),
    {ok, [Forms]} = diameter_make:codec("s13.dia", [return, forms]),
    {ok, Dictionary, Beam} = compile:forms(Forms, []),
    {module, _} = code:load_binary(Dictionary, "s13_dictionary.erl", Beam),
    ok = diameter:start(),
    true = diameter:subscribe(node),
    put(identity, {Host, Realm}),
    ok = diameter:start_service(node,
           [{'Origin-Host', Host}, {'Origin-Realm', Realm}, {'Vendor-Id', 0},
            {'Product-Name', "Erlang node"}, {'Host-IP-Address', [{127,0,0,1}]},
            {'Supported-Vendor-Id', [10415]},
            {'Vendor-Specific-Application-Id',
             [[{'Vendor-Id', 10415}, {'Auth-Application-Id', [16777252]}]]},
            {decode_format, map}, {string_decode, true},
            {application, [{alias, s13}, {dictionary, Dictionary}, {module, ?MODULE},
                           {answer_errors, callback}]}]),
    {Module, Secure} = case Tls of
        "" -> {diameter_tcp, []};
        Base -> {ok, _} = application:ensure_all_started(ssl),
                {diameter_tcp, [{ssl_options, true} | tls(Kind, Base)]}
    end,
    Address = case Kind of
        "listen" -> [{ip, {127,0,0,1}}, {port, list_to_integer(Port)}, {reuseaddr, true}];
        "connect" -> [{ip, {127,0,0,1}}, {raddr, {127,0,0,1}}, {rport, list_to_integer(Port)}]
    end,
    {ok, _} = diameter:add_transport(node,
           {list_to_atom(Kind),
            [{transport_module, Module}, {transport_config, Address ++ Secure},
             {connect_timer, 200},
             %% Whom it serves comes back by the gateway's REOPEN: in one of its own, which lasts as
             %% long as its watchdogs, it would throw requests away (RFC 3539 section 3.4.1).
             {watchdog_config, [{okay, case Kind of "listen" -> 0; "connect" -> 3 end}]},
             {watchdog_timer, {?MODULE, interval, [list_to_integer(Interval)]}}]}),
    Self = self(),
    spawn_link(fun() -> read(Self) end),
    io:format("ready~n"),
    loop().

interval(Milliseconds) -> Milliseconds.

tls(Kind, Base) ->
    Directory = filename:dirname(Base),
    [{certfile, Base ++ ".pem"}, {keyfile, Base ++ ".key"}, {verify, verify_peer},
     {cacertfile, filename:join(Directory, "ca.pem")} |
     case Kind of
         "listen" -> [{fail_if_no_peer_cert, true}];
         "connect" -> [{server_name_indication, "${GATEWAY.host}"}]
     end].

read(Loop) ->
    case io:get_line("") of
        eof -> ok;
        %% The node ends, and what serves its standard input has ended first.
        {error, _} -> ok;
        Line -> Loop ! {line, string:lexemes(Line, " \\n")}, read(Loop)
    end.

loop() ->
    receive
        {line, ["ask", Realm, Imei]} -> ask(Realm, Imei), loop();
        {line, ["stop"]} ->
            ok = diameter:stop_service(node),
            io:format("stopped~n"),
            init:stop();
        {diameter_event, _, Event} -> tell(Event), loop()
    end.

tell(Event) when element(1, Event) == watchdog ->
    {From, To} = element(4, Event),
    io:format("watchdog ~p -> ~p~n", [From, To]);
tell(Event) when element(1, Event) == closed ->
    io:format("closed ~0P~n", [element(3, Event), 20]);
tell(Event) when is_tuple(Event) ->
    io:format("event ~p~n", [element(1, Event)]);
tell(Event) ->
    io:format("event ~p~n", [Event]).

ask(Realm, Imei) ->
    {Host, OwnRealm} = get(identity),
    Answer = diameter:call(node, s13,
        ['ECR' | #{'Session-Id' => diameter:session_id(Host),
                   'Auth-Session-State' => ?NO_STATE_MAINTAINED,
                   'Origin-Host' => Host, 'Origin-Realm' => OwnRealm,
                   'Destination-Realm' => Realm,
                   'Terminal-Information' => #{'IMEI' => [Imei]}}],
        [{timeout, 5000}]),
    case Answer of
        {answer, ['ECA' | Map], []} ->
            io:format("answer from ~s: ~s~n", [maps:get('Origin-Host', Map), outcome(Map)]);
        {answer, ['answer-message' | Map], Errors} ->
            io:format("error answer from ~s: ~p ~0p~n",
                      [maps:get('Origin-Host', Map), maps:get('Result-Code', Map), Errors]);
        Other ->
            io:format("no good answer: ~0p~n", [Other])
    end.

outcome(#{'Experimental-Result' := Experimental}) ->
    [#{'Vendor-Id' := Vendor, 'Experimental-Result-Code' := Code}] = [E || E <- list(Experimental)],
    io_lib:format("experimental ~p ~p", [Vendor, Code]);
outcome(#{'Result-Code' := Code, 'Equipment-Status' := Status}) ->
    io_lib:format("result ~p status ~p", list(Code) ++ list(Status)).

list(L) when is_list(L) -> L;
list(X) -> [X].

peer_up(_, _, State) -> State.
peer_down(_, _, State) -> State.
pick_peer([Peer | _], _, _, _) -> {ok, Peer};
pick_peer([], _, _, _) -> false.
prepare_request(Packet, _, _) -> {send, Packet}.
prepare_retransmit(Packet, _, _) -> {send, Packet}.
handle_answer(#diameter_packet{msg = Message, errors = Errors}, _, _, _) -> {answer, Message, Errors}.
handle_error(Reason, _, _, _) -> {error, Reason}.

handle_request(#diameter_packet{msg = ['ECR' | Map], errors = []}, node, {_, Capabilities}) ->
    #{'Session-Id' := Session, 'Origin-Host' := From,
      'Terminal-Information' := #{'IMEI' := [Imei]}} = Map,
    io:format("request from ~s by way of ~s: imei ~s~n",
              [From, lists:join(",", maps:get('Route-Record', Map, [])), Imei]),
    {Host, _} = element(2, Capabilities),
    {Realm, _} = element(3, Capabilities),
    Result = case lists:suffix("0", lists:flatten(io_lib:format("~s", [Imei]))) of
        true -> #{'Experimental-Result' => [#{'Vendor-Id' => 10415,
                                              'Experimental-Result-Code' => ?UNKNOWN_EQUIPMENT}]};
        false -> #{'Result-Code' => [2001], 'Equipment-Status' => [?BLACKLISTED]}
    end,
    {reply, ['ECA' | Result#{'Session-Id' => Session, 'Origin-Host' => Host, 'Origin-Realm' => Realm,
                             'Auth-Session-State' => ?NO_STATE_MAINTAINED}]};
handle_request(#diameter_packet{msg = Message, errors = Errors}, _, _) ->
    io:format("bad request: ~0p ~0p~n", [Errors, Message]),
    {answer_message, 5012}.
`;

/** How one node is set up. */
export interface Setup {
  readonly identity: Identity;
  /** Listens on the port, or connects to it. */
  readonly kind: "listen" | "connect";
  readonly port: number;
  /** Milliseconds between its watchdogs, without jitter. */
  readonly watchdog: number;
  /** What its certificates are named, see `certificates.ts`; absent: plain TCP. */
  readonly tls?: Certificate;
}

/** A running node. */
export class ErlangNode implements AsyncDisposable {
  readonly child: Child;

  private constructor(child: Child) {
    this.child = child;
  }

  /** Compiles the node in `directory`, once. */
  static async compile(directory: string): Promise<void> {
    await Deno.writeTextFile(`${directory}/s13.dia`, DICTIONARY);
    await Deno.writeTextFile(`${directory}/node.erl`, PROGRAM);
    const output = await new Deno.Command("erlc", { args: ["node.erl"], cwd: directory }).output();
    if (!output.success) throw new Error(`erlc does not compile the node: ${new TextDecoder().decode(output.stdout)}`);
  }

  /** Starts a node that {@link compile} made, and waits until it is ready. */
  static async start(directory: string, setup: Setup): Promise<ErlangNode> {
    const { host, realm } = setup.identity;
    const args = [setup.kind, host, realm, String(setup.port), String(setup.watchdog), setup.tls?.base ?? ""];
    const child = new Child(host, "erl", {
      args: ["-noshell", "-pa", directory, "-s", "node", "main", "-extra", ...args],
      cwd: directory,
    });
    try {
      await child.line(/^ready$/, 30_000);
    } catch (error) {
      await child.stop("SIGKILL");
      throw error;
    }
    return new ErlangNode(child);
  }

  /** Sends an ECR, and returns what the node says of the answer. */
  async ask(realm: string, imei: string): Promise<string> {
    const from = this.child.mark;
    await this.child.write(`ask ${realm} ${imei}`);
    return await this.child.line(/answer/, 6_000, from);
  }

  /** Takes leave of its peers, and ends. */
  async leave(): Promise<void> {
    await this.child.write("stop");
    await this.child.line(/^stopped$/, 8_000);
  }

  /** Lines in which it complains. */
  complaints(): string[] {
    return this.child.lines.filter((line) => /REPORT|error|warning|crash|bad request|no good/i.test(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.stop();
  }
}
