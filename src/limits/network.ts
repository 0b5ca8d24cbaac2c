import { isIPv6 } from 'node:net';

/** What one subscriber is given: an IPv4 address, or the /64 of an IPv6 address, of which they have 2^64. */
export const networkOf = (ip: string): string => v4Of(ip) ?? groupsOf(ip).slice(0, 4).join(':');

/** What one site or a small provider is given: a /24 of IPv4, a /48 of IPv6. */
export function wideNetworkOf(ip: string): string {
  const v4 = v4Of(ip);
  return v4 === undefined ? groupsOf(ip).slice(0, 3).join(':') : v4.split('.').slice(0, 3).join('.');
}

/** Undefined for an IPv6 address; what is neither stands for itself. */
function v4Of(ip: string): string | undefined {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  return mapped !== undefined || !isIPv6(ip) ? (mapped ?? ip) : undefined;
}

function groupsOf(ip: string): string[] {
  const [head = '', tail] = (ip.split('%')[0] as string).toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(Math.max(zeros, 0)).fill('0'), ...right];
  return groups.map((group) => group.replace(/^0+(?=.)/, ''));
}
