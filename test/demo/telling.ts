/** The way of a mail in words, from what the nodes and the clients saw. */

import type { Report } from "./report.ts";

export function tellJourney(report: Report, about: { sentAt: number; from: string; to: string }): string[] {
  const { sentAt, from, to } = about;
  const since = (time: number): string => `+${((time - sentAt) / 1000).toFixed(2)} s`.padStart(9);
  const { rates, hops, mailbox, attachments } = report;
  const packets = report.fragments === 1 ? "one packet" : `${report.fragments} packets`;
  const size = rates.packetBytes.toLocaleString("en");
  return [
    "",
    `${since(sentAt)}  ${from}: signed, encrypted, sealed; ${packets} of ${size} bytes`,
    ...hops.map(
      ({ node, layer, arrivedAt, drawnDelayMs }) =>
        `${since(arrivedAt)}  layer ${layer}: ${node} unwraps it and holds it for ${Math.round(drawnDelayMs)} ms`,
    ),
    ...(mailbox === null ? [] : [`${since(mailbox.arrivedAt)}  ${mailbox.node} keeps it, sealed, in the mailbox`]),
    `${since(sentAt + report.latencyMs)}  ${to} reads it; signature: ${report.signature}`,
    ...attachments.map(
      ({ name, bytes, sha256Sent, sha256Received }) =>
        `${" ".repeat(11)}${name}, ${bytes.toLocaleString("en")} bytes, ${sha256Sent === sha256Received ? "unchanged" : "CHANGED"}`,
    ),
    ...(report.receiptMs === null ? [] : [`${since(sentAt + report.receiptMs)}  ${from} knows that it was delivered`]),
    "",
    `Meanwhile the two computers sent ${report.coverPackets} packets that carried nothing, at the same ${rates.packetsPerSecond} a second.`,
    report.delivered ? "Delivered whole and verified." : "NOT delivered as it was sent.",
  ];
}
