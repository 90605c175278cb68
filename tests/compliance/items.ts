/**
 * What a correct Diameter relay agent does, item by item. A test that covers an item begins with
 * its id. Clauses without a name are of RFC 6733.
 * @module
 */

/** One behaviour. */
export interface Item {
  readonly id: string;
  readonly clause: string;
  readonly says: string;
  /** Why no test covers it. */
  readonly notApplicable?: string;
}

/** Items under one heading. */
export interface Section {
  readonly title: string;
  readonly items: readonly Item[];
}

const item = (id: string, clause: string, says: string): Item => ({ id, clause, says });
const without = (id: string, clause: string, says: string, notApplicable: string): Item => ({
  id,
  clause,
  says,
  notApplicable,
});

/** All items, in the order of the table. */
export const SECTIONS: readonly Section[] = [
  {
    title: "Framing and header",
    items: [
      item("F1", "3", "Messages are cut by their length, whatever the reads bring"),
      item("F2", "2.1", "A length below 20 or above the limit ends the connection, before memory is spent on it"),
      item("F3", "3, 7.1.5", "A length that is no multiple of 4: 5015 for a request, then the end"),
      item("F4", "3, 7.1.5", "Another version than 1: 5011 for a request, then the end"),
      item("F5", "3, 7.1.3", "R and E both set: 3008"),
      item("F6", "3", "Reserved command flags are ignored and sent as 0"),
      item("F7", "3", "T on an answer is never sent, and cleared when it comes"),
      item("F8", "3", "A request with P clear is relayed, or answered 3001 with strict_p_bit"),
      item("F9", "2.4", "A routable message of application 0 or Relay: 3007"),
      item("F10", "5.3 to 5.5", "CER, DWR, DPR and their answers are never relayed and never sent again"),
      item("F11", "5.3 to 5.5", "CER, DWR and DPR have P clear and application 0; their answers copy P"),
    ],
  },
  {
    title: "AVPs",
    items: [
      item("A1", "4.1", "An unknown AVP never makes a relay reject a message"),
      item("A2", "2.7", "AVPs stay in their order, byte for byte"),
      item("A3", "4.1, 7.1.5, 7.5", "An impossible AVP length in a request: 5014 with Failed-AVP"),
      without(
        "A4",
        "4.1",
        "Padding of the last AVP",
        "A length that is no multiple of 4 is F3; others include the padding",
      ),
      item("A5", "4.1", "Code and vendor together say what an AVP is"),
      item("A6", "4.1", "Reserved AVP flags are ignored"),
      item("A7", "4.3.1", "Identities are compared without regard to case"),
    ],
  },
  {
    title: "Requests to DRAs",
    items: [
      item("R1", "6.1.3", "The own identity in a Route-Record: 3005"),
      item("R2", "6.1", "Destination-Host that is connected, else the pool by priority and weight, else 3002"),
      item("R3", "6.1.4, 7.1.3", "Destination-Host without Destination-Realm: 3002; neither: 3001"),
      item("R4", "6.1.6", "The pool is the default route: 3003 never arises"),
      item("R5", "2.4, 2.7", "A request goes only to who advertised its application, or Relay"),
      item("R6", "6.1.7", "Who is in a Route-Record is skipped; nobody left: 3002"),
      item("R7", "6.1.9, 6.7.1", "One Route-Record is appended: the identity of the sender's CER; none on failover"),
      item("R8", "3, 6.1.2", "Hop-by-hop ids are unique among what is pending on a connection"),
      item("R9", "3", "The End-to-End id never changes, whatever it is"),
      item("R10", "3", "T stays as it came"),
      item("R11", "6.3", "Origin-Host and Origin-Realm stay as they came"),
      item("R12", "6.1.9", "State is kept here, not in Proxy-Info; that of others stays"),
      item("R13", "2.4, 2.8.1", "Relay is advertised, or the applications that are configured"),
    ],
  },
  {
    title: "Answers to Logic Apps",
    items: [
      item("N1", "3, 6.2.1", "An answer that matches no pending request of its connection is thrown away and counted"),
      item("N2", "6.2.2", "The requester's hop-by-hop id is restored; only its connection gets the answer"),
      item("N3", "6.2.2", "Proxy-Info of others is not removed"),
      item("N4", "6.2.2", "No Result-Code is altered"),
      item("N5", "6.7.1", "Route-Records in answers pass; none is added"),
      item("N6", "7, 7.1.3", "After 3002 or 3004 with E the next DRA is asked, T clear; the last error is passed on"),
      item("N7", "6.2", "P of an answer passes as it is"),
      item("N8", "7.1, 7.6", "3xxx without E and Experimental-Result pass as they are"),
    ],
  },
  {
    title: "Errors that the gateway answers itself",
    items: [
      item("E1", "6.2, 7.2", "What an error answer copies, and its AVPs in order"),
      item("E2", "6.1, 7.1.3", "No DRA usable: 3002 at once, naming each and why"),
      item("E3", "2.4, 2.7", "No DRA for the application: 3002"),
      item("E4", "5.5.4", "Destination-Host of a DRA's request is not connected: 3002"),
      item("E5", "5.5.4", "No answer in time: timeout_result_code, 3002 by default"),
      item("E6", "5.5.4", "The DRA is lost and there is no other: 3002"),
      item("E7", "7.1.3, RFC 7683 8", "A limit is reached: 3004"),
      item("E8", "6.1.3", "Loop: 3005"),
      item("E9", "6.1.8", "A redirect is passed on: 3006"),
      item("E10", "2.4", "Application 0 or Relay: 3007"),
      item("E11", "3, 6.1.4", "P clear with strict_p_bit, or no destination at all: 3001"),
      item("E12", "3", "R and E: 3008"),
      item("E13", "7.1.5", "Version: 5011, then the end"),
      item("E14", "7.1.5", "AVP length: 5014 with Failed-AVP"),
      item("E15", "7.1.5", "Message length: 5015, then the end"),
      item("E16", "7.1.3", "While draining: 3004"),
      item("E17", "7.1.5", "Internal error: 5012, never silence"),
      without("E18", "RFC 7683 8", "Throttled for an overload report: 5012", "The gateway is no reacting node, see O2"),
      item("E19", "7.2", "An answer is never answered"),
      item("E20", "7.1.3", "Realm not served, where routes say which are: 3003"),
    ],
  },
  {
    title: "Capabilities exchange",
    items: [
      item("C1", "5.6.1", "Anything but a CER, or none in time, ends a connection; those without one are bounded"),
      item("C2", "5.6", "The CER goes out at once; anything but a CEA, or none in time, ends the connection"),
      item("C3", "5.3.1, 5.3.2, 4.5", "What CER and CEA must carry; a CER that lacks it: 5005 with Failed-AVP"),
      item("C4", "5.3", "No common application: 5010 and the end; Relay is common"),
      item("C5", "5.3, 7.1.3", "A peer outside the allow list: 3010 with E, then the end"),
      item("C6", "5.3", "A configured identity must be in the CEA; a change of an unconfigured one is reported"),
      item("C7", "6.10", "No in-band TLS: 5017 for a peer that wants nothing else"),
      item("C8", "5.3.3, 5.3.6", "Vendor-Id is configured; Supported-Vendor-Id is 10415"),
      item("C9", "8.16", "One Origin-State-Id for a process life, the same everywhere"),
      item("C10", "8.16", "A DRA whose Origin-State-Id grew is reported"),
      item("C11", "2.1, 5.6", "Another connection with the same Origin-Host: allow, reject, replace or probe"),
      item(
        "C12",
        "2.1, 5.6.4",
        "A DRA that dials us: its one connection, by election when both dial at once; never a Logic App",
      ),
      item("C13", "5.6", "A second CER: answered for the same identity, the end for another"),
      item("C14", "13.1", "TLS first, certificates on both sides, no fall-back to clear text"),
    ],
  },
  {
    title: "Watchdog (RFC 3539)",
    items: [
      item("W1", "RFC 3539 3.4.1", "Tw is drawn anew each time, 30 s give or take 2 s"),
      item("W2", "RFC 3539 3.4.1", "Any message resets Tw; a DWR only on expiry, never two"),
      item("W3", "RFC 3539 3.4.1", "Expiry with a DWR pending: SUSPECT, failover, the connection stays"),
      item("W4", "RFC 3539 3.4.1", "SUSPECT: any message leads back to OKAY, expiry closes"),
      item("W5", "RFC 3539 3.4.1", "A lost peer comes back through REOPEN: three DWAs"),
      item("W6", "RFC 3539 3.4.1", "REOPEN with a DWR pending: the second expiry closes"),
      item("W7", "5.4", "A peer that left with DPR comes back OKAY"),
      item("W8", "5.5", "A DWR is answered in every open state"),
      item("W9", "RFC 3539 3.4.1", "Only DWAs count in REOPEN; SUSPECT lasts one Tw"),
      item("W10", "RFC 3539 3.4.1", "The table holds where Appendix A differs from it"),
      item("W11", "2.1", "The waits between attempts grow, with jitter, and begin anew after a stable minute"),
      item("W12", "RFC 3539 3.4.1", "The configured watchdog interval is Tw"),
    ],
  },
  {
    title: "Failover and failback",
    items: [
      item(
        "D1",
        "5.5.4",
        "Pending requests of a lost or suspect DRA are sent again: T, new hop-by-hop id, same End-to-End id",
      ),
      item("D2", "5.5.4", "What is not sent again: pinned, used up, requester gone, never_retry"),
      item("D3", "5.5.4", "The first answer wins; a suspect DRA may still give it"),
      item("D4", "RFC 3539 3.4.2", "Failback at once or after failback_delay; running transactions stay"),
      item("D5", "3", "A relay detects no duplicates"),
      item("D6", "RFC 3539 3.4.1", "What is sent again is spread, within the limits of the target"),
      item("D7", "RFC 3539 2.8", "Queues and credits are bounded; DWAs are always read"),
      item("D8", "RFC 3539 3.2", "TCP_NODELAY is on by default and can be switched off"),
    ],
  },
  {
    title: "Disconnecting",
    items: [
      item("X1", "5.4.3", "A DPR carries Disconnect-Cause"),
      item("X2", "5.4", "Shutdown: accept no more, drain, DPR, wait for DPA, close"),
      item("X3", "5.4", "A DPR is answered; new requests go elsewhere; pending answers still count"),
      item("X4", "5.4.3", "After REBOOTING the DRA is tried soon, after BUSY or DO_NOT_WANT much later"),
      item("X5", "5.4", "Requests behind a DPR of either side: 3004"),
      item("X6", "5.4", "Idle peers stay connected"),
    ],
  },
  {
    title: "Requests to Logic Apps",
    items: [
      item(
        "I1",
        "6.1.5",
        "Destination-Host names the Logic App; among its connections the session's, else the least busy",
      ),
      item("I2", "6.1.6", "Else by application; nobody: 3002"),
      item("I3", "6.1", "The same rules as towards DRAs"),
      item("I4", "6.2.2", "Answers return over the connection that the request came from"),
    ],
  },
  {
    title: "Overload, load, priority; S13",
    items: [
      item("O1", "RFC 7683, 8583, 7944", "Their AVPs pass unchanged"),
      without("O2", "RFC 7683 5.1.3", "Reacting node for others", "A relay passes the reports on; who asked reacts"),
      without("O3", "RFC 8583", "Load as a weight", "Weights are configured; Load passes unchanged"),
      without("O4", "RFC 7944", "Shedding by priority", "Limits are per Logic App; DRMP passes unchanged"),
      item("O5", "GSMA FS.19", "Filtering at an interconnect, where it is configured"),
      item("S1", "3GPP TS 29.272 7.2.19", "An ME-Identity-Check and each of its results pass"),
    ],
  },
  {
    title: "Decisions where the standards leave a choice",
    items: [
      item("P1", "7", "The order of checks; only the first error is reported"),
      item("P2", "-", "Mode transparent: no Route-Record, no loop check, header as it came"),
      item("P3", "6.1.4", "Destination-Host is the gateway: 3007; its realm is routed like any other"),
      item("P4", "-", "A Logic App is never routed to another Logic App"),
      item("P5", "6.1.5", "Destination-Host names a DRA: that one whatever its priority and weight, if it is usable"),
      item(
        "P6",
        "5.5.4",
        "No DRA twice; T exactly when an attempt is unanswered; the first answer, else the last error",
      ),
      without("P7", "13", "Stream Control Transmission Protocol", "Deno has no SCTP"),
      item("P8", "5.5.4", "What is lost is a DRA, not a connection: its other connections may be used"),
      item("P9", "RFC 3539 3.4.1", "Left: back OKAY; lost: back through REOPEN; Logic Apps: OKAY at once"),
      item("P10", "5.4.3", "Shutdown and reconnect say REBOOTING, replacement DO_NOT_WANT_TO_TALK_TO_YOU"),
      item("P11", "5.6", "Strict exchange on both sides; over max_connections closed at once"),
      item("P12", "6.1.6", "An app that named the application is preferred to one that advertised Relay"),
      item("P13", "-", "Limits of a Logic App count its requests, once each"),
      item("P14", "-", "failback_delay holds back no first connection"),
      item("P15", "-", "After silence or an error the same DRA's other connections are not asked"),
      item("P16", "2.4", "Application 0 with an unknown command: 3007"),
      item("P17", "-", "Attempts used up: an error is passed on at once; a late one only remembered"),
      item("P18", "-", "A suspect DRA without alternative is waited for"),
      item("P19", "6.1.5", "Destination-Host names a DRA that is open but unsuitable: the pool"),
      item("P20", "RFC 3539 3.4.1", "The last resort: a DRA in REOPEN is served in both directions"),
      item("P21", "5.6", "probe waits five seconds; replace says DO_NOT_WANT_TO_TALK_TO_YOU"),
      item("P22", "5.3", "Outside the allow list: 3010 with E; a CER while draining: closed"),
      item("P23", "-", "A transaction is counted once"),
    ],
  },
  {
    title: "Where a request goes: routes, limits, screening",
    items: [
      item("RT1", "-", "The first route of the list that matches is taken"),
      item("RT2", "4.3.1", "Conditions on realms, hosts, application, command, app and listener; all of them hold"),
      item("RT3", "4.1", "Conditions on AVPs, in groups too: any occurrence; numbers as numbers, text as octets"),
      item("RT4", "4.4", "A group that does not parse is no match, and no error of the peer"),
      item("RT5", "-", "Expressions are matched in linear time, and those that cannot be are refused"),
      item("RT6", "5.5.4", "A fallback pool is asked when the one before has no DRA left, no DRA twice"),
      item("RT7", "7.1.3", "A route that rejects answers at once"),
      item("RT8", "2.8.2", "A rewrite changes the destination and nothing else; it is a proxy act"),
      item("RT9", "6.1.5", "Destination-Host of an open DRA wins over the pool, unless the route ignores it"),
      item("RT10", "-", "A route's own times, attempts and codes hold for the whole life of a request"),
      item("RT11", "7.1.3", "A table that is closed answers 3003"),
      item("RT12", "6.1.8", "A redirect to a DRA of ours is followed where that is configured, others pass"),
      item("RT13", "-", "What is wrong with routes and pools is told with its place and its fix"),
      item("RT14", "-", "Each request is counted by its route, and its transaction shows route and pool"),
      item("RL1", "-", "Limits on kinds of requests: over any 3004, once per request"),
      item("SC1", "-", "Screening: the first rule decides whose peers, side and conditions fit"),
      item("SC2", "GSMA FS.19", "Rules on applications, commands and origin"),
      item("SC3", "-", "enforce answers and touches nothing; log lets pass and counts"),
      item("SC4", "-", "What was screened is counted, and told once a minute for each rule and peer"),
      item("PX1", "-", "A reload changes all of it at once; what is in flight keeps its route"),
    ],
  },
  {
    title: "Which DRA, and when: balance, breaker, queue, duplicates",
    items: [
      item("BA2", "8.8", "hash: the same key goes to the same DRA, and only the keys of one that goes move"),
      item("BA3", "7.1.3", "A DRA gets no more requests a second than it may; then the next one, then 3004"),
      item("BA4", "-", "A DRA that was lost and is back begins with a part of its weight"),
      item("CB1", "-", "Circuit breaker: silence, a lost connection and error codes are failures"),
      item("CB2", "-", "It opens after failures in a row, or by their share within a window"),
      item("CB3", "-", "Open, half-open, closed again: the waits double, and are spread"),
      item("CB4", "-", "Only a part of the usable DRAs may be left out, and never the only one"),
      item("CB5", "6.1.5", "Destination-Host passes an open breaker, retries do not"),
      item("CB6", "-", "An operator sees and resets it"),
      item("QU1", "7.1.3", "Requests wait while no DRA is usable; then 3002, or 3004 when there is no room"),
      item("QU2", "-", "Those that wait go first, at a rate; they leave with their app, and end with a drain"),
      item("DU1", "3", "A request that comes again with T gets the answer of the first, or waits with it"),
      item("DU2", "3", "What is kept for duplicates is bounded, the oldest goes"),
    ],
  },
];
