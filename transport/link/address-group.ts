/** Who may be one and the same, by where a connection comes from. Spec: docs/spec/15-web-link.md §2, docs/spec/07-mailbox.md §1.2 */

/** What counts as one address: an IPv4 address, or the network of 64 bits that one household has in IPv6. */
export function addressGroup(address: string): string {
  if (!address.includes(":")) return address;
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(6);
  // Also where it is written in hexadecimal: else all of IPv4 would be one household.
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  if (isMapped) return [high >> 8, high & 0xff, low >> 8, low & 0xff].join(".");
  return groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(":");
}

/** The eight numbers of an IPv6 address, however it is written (RFC 4291 §2.2), without its zone. */
function groupsOf(address: string): number[] {
  const [bare = ""] = address.split("%");
  const plain = bare.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [left = [], right] = plain.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const zeros = right === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const written = [...left, ...Array.from({ length: zeros }, () => "0"), ...(right ?? [])];
  return written.map((group) => Number.parseInt(group, 16));
}
