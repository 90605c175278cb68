/**
 * S13: is this device stolen? (3GPP TS 29.272 section 6)
 * @module
 */
import { APPLICATION, VENDOR } from "../wire/application_ids.ts";
import { AVP } from "../wire/avp_codes.ts";
import { avpsOf, unsigned32Of } from "../wire/avp.ts";
import { COMMAND } from "../wire/command_codes.ts";
import { FLAG, HEADER_LENGTH } from "../wire/header.ts";
import { MessageBuilder } from "../wire/message_builder.ts";
import { EndToEndIds } from "../peer/end_to_end_ids.ts";
import type { RequestOptions } from "./call.ts";
import { InvalidConfigError, MalformedAnswerError } from "./errors.ts";
import { isSuccess, type Message } from "./message.ts";
import { OptionCheck } from "./options.ts";
import type { Requester } from "./requester.ts";
import { AUTH_SESSION_STATE, EQUIPMENT_STATUS, S13_AVP, S13_RESULT } from "./s13_codes.ts";
import { EquipmentUnknownError, ResultCodeError } from "./s13_errors.ts";
import { SessionIds } from "./session_ids.ts";

/** What an EIR says of a device (TS 29.272 section 7.3.51). */
export type EquipmentStatus = "whitelisted" | "blacklisted" | "greylisted";

/** Whom an S13 client asks. */
export interface S13Options {
  /** Realm of the EIR. */
  readonly destinationRealm: string;
  /** The EIR itself; left to the routing of the realm unless given. */
  readonly destinationHost?: string;
}

/** The device in question. */
export interface Equipment {
  /** 14 digits, or 15 with the check digit (TS 23.003 section 6.2.1). */
  readonly imei: string;
  /** Software Version Number, 2 digits (TS 29.272 section 7.3.5). */
  readonly softwareVersion?: string;
  /** IMSI of the subscriber who uses it (TS 29.272 section 5.2.1.2.1); left out unless given. */
  readonly userName?: string;
}

/** What came of a check. */
export interface EquipmentCheck {
  /** Equipment-Status of the ECA. */
  readonly status: EquipmentStatus;
  /** The whole ECA. */
  readonly answer: Message;
}

const THREE_GPP = { vendor: VENDOR.threeGpp } as const;

/**
 * Asks an EIR for the status of devices, over a pool or one address of a per-address client.
 *
 * @example
 * ```ts
 * import { ConnectionPool, DraSimulator, EquipmentTable, EquipmentUnknownError, S13Client } from "@diam-gw/diam-gw";
 *
 * const equipment = new EquipmentTable([["35209900176148", "blacklisted"], ["490154203237518", "unknown"]]);
 * const eir = new DraSimulator({ equipment });
 * const { hostname: host, port } = eir.start();
 * await using pool = new ConnectionPool({ host, port, originHost: "mme.example.net", originRealm: "example.net" });
 * await pool.start();
 *
 * const s13 = new S13Client(pool, { destinationRealm: "core.example.net" });
 * const { status } = await s13.checkEquipment({ imei: "35209900176148" });
 * console.log(status); // blacklisted
 * try {
 *   await s13.checkEquipment({ imei: "490154203237518" });
 * } catch (error) {
 *   console.log(error instanceof EquipmentUnknownError); // true
 * }
 *
 * eir.kill();
 * ```
 */
export class S13Client {
  readonly #requester: Requester;
  readonly #options: S13Options;
  readonly #endToEndIds = new EndToEndIds(Date.now(), Math.random());
  // There may be several of these for one host in one second.
  readonly #sessionIds = new SessionIds(Math.floor(Math.random() * 2 ** 32));

  /**
   * An S13 client over `requester`.
   * @throws InvalidConfigError when a realm or host is no DiameterIdentity
   */
  constructor(requester: Requester, options: S13Options) {
    const check = new OptionCheck();
    check.identity("destinationRealm", options.destinationRealm);
    if (options.destinationHost !== undefined) check.identity("destinationHost", options.destinationHost);
    check.done();
    this.#requester = requester;
    this.#options = options;
  }

  /**
   * One ME-Identity-Check (TS 29.272 sections 5.2.1.2.1 and 7.2.19).
   * @throws EquipmentUnknownError when the EIR does not know the device
   * @throws ResultCodeError when it answers with any other error
   * @throws MalformedAnswerError when a successful answer has no Equipment-Status, or one that does
   * not exist
   * @throws InvalidConfigError when the IMEI, software version or user name cannot be one
   * @throws what {@link Requester.request} throws
   */
  async checkEquipment(equipment: Equipment, options?: RequestOptions): Promise<EquipmentCheck> {
    return this.read(equipment, await this.#requester.request(this.request(equipment), options));
  }

  /**
   * What `answer`, the ECA to {@link request}, says of `equipment`. @throws the first three of
   * {@link checkEquipment}
   */
  read(equipment: Equipment, answer: Message): EquipmentCheck {
    const { result } = answer;
    if (result === undefined) throw malformed("the ECA", HEADER_LENGTH, "it has no Result-Code");
    if (result.vendor === VENDOR.threeGpp && result.code === S13_RESULT.equipmentUnknown) {
      throw new EquipmentUnknownError(equipment.imei, answer);
    }
    if (!isSuccess(result)) throw new ResultCodeError("equipment check", result, answer);
    return { status: statusOf(answer.bytes), answer };
  }

  /**
   * The ECR that {@link checkEquipment} sends, under a Session-Id of its own. @throws
   * InvalidConfigError
   */
  request(equipment: Equipment): Uint8Array<ArrayBuffer> {
    checkEquipment(equipment);
    const { originHost, originRealm } = this.#requester;
    const { destinationHost, destinationRealm } = this.#options;
    const { imei, softwareVersion, userName } = equipment;
    const builder = new MessageBuilder({
      flags: FLAG.request | FLAG.proxiable,
      command: COMMAND.meIdentityCheck,
      application: APPLICATION.s13,
      hopByHop: 0,
      endToEnd: this.#requester.nextEndToEnd?.() ?? this.#endToEndIds.next(),
    });
    // The order is that of the grammar in TS 29.272 section 7.2.19.
    builder.text(AVP.sessionId, this.#sessionIds.next(originHost))
      .group(
        AVP.vendorSpecificApplicationId,
        (group) => group.unsigned32(AVP.vendorId, VENDOR.threeGpp).unsigned32(AVP.authApplicationId, APPLICATION.s13),
      )
      .unsigned32(AVP.authSessionState, AUTH_SESSION_STATE.noStateMaintained)
      .text(AVP.originHost, originHost)
      .text(AVP.originRealm, originRealm);
    if (destinationHost !== undefined) builder.text(AVP.destinationHost, destinationHost);
    builder.text(AVP.destinationRealm, destinationRealm)
      .group(S13_AVP.terminalInformation, (group) => {
        group.text(S13_AVP.imei, imei, THREE_GPP);
        if (softwareVersion !== undefined) group.text(S13_AVP.softwareVersion, softwareVersion, THREE_GPP);
      }, THREE_GPP);
    if (userName !== undefined) builder.text(AVP.userName, userName);
    return builder.finish();
  }
}

/** @throws InvalidConfigError that tells everything that is wrong */
function checkEquipment({ imei, softwareVersion, userName }: Equipment): void {
  const problems: string[] = [];
  const show = (value: unknown) => typeof value === "string" ? JSON.stringify(value) : String(value);
  if (!/^\d{14,15}$/.test(imei)) {
    const hint = /^\d{16}$/.test(imei) ? " (the last 2 of 16 are the software version)" : "";
    problems.push(`imei: expected 14 digits, or 15 with the check digit, got ${show(imei)}${hint}`);
  }
  if (softwareVersion !== undefined && !/^\d{2}$/.test(softwareVersion)) {
    problems.push(`softwareVersion: expected 2 digits, got ${show(softwareVersion)}`);
  }
  if (userName !== undefined && !/^\S{1,255}$/.test(userName)) {
    problems.push(`userName: expected an IMSI, got ${show(userName)}`);
  }
  if (problems.length > 0) throw new InvalidConfigError(problems);
}

/** Equipment-Status of a successful ECA. @throws MalformedAnswerError */
function statusOf(bytes: Uint8Array): EquipmentStatus {
  const subject = `AVP Equipment-Status (${S13_AVP.equipmentStatus})`;
  for (const avp of avpsOf(bytes, HEADER_LENGTH, bytes.length)) {
    if (avp.code !== S13_AVP.equipmentStatus || avp.vendor !== VENDOR.threeGpp) continue;
    const value = unsigned32Of(bytes, avp);
    if (value === undefined) {
      const reason = `Enumerated takes 4 bytes, got ${avp.dataEnd - avp.dataStart}`;
      throw malformed(subject, avp.start, reason, S13_AVP.equipmentStatus);
    }
    const status = EQUIPMENT_STATUS[value];
    if (status !== undefined) return status;
    const reason = `expected 0..${EQUIPMENT_STATUS.length - 1}, got ${value}`;
    throw malformed(subject, avp.start, reason, S13_AVP.equipmentStatus);
  }
  throw malformed(subject, bytes.length, "it is missing in a successful answer", S13_AVP.equipmentStatus);
}

function malformed(subject: string, offset: number, reason: string, avp?: number): MalformedAnswerError {
  return new MalformedAnswerError("the EIR", subject, offset, reason, avp);
}
