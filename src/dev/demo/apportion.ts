/**
 * Shares a total out by weight, in whole numbers that add up exactly. What has a weight of 0 gets nothing, everything
 * else at least so many; an item that occurs in several copies costs its share for each of them.
 */
export function apportion(
  total: number,
  items: readonly { readonly weight: number; readonly copies: number }[],
  least: number,
): number[] {
  const wanted = items.filter(({ weight }) => weight > 0);
  const spoken = wanted.reduce((sum, { copies }) => sum + copies * least, 0);
  const weights = wanted.reduce((sum, { weight, copies }) => sum + weight * copies, 0);
  const shares = items.map(({ weight }) =>
    weight > 0 ? least + Math.floor((weight / weights) * (total - spoken)) : 0,
  );
  let left = total - items.reduce((sum, { copies }, index) => sum + copies * (shares[index] ?? 0), 0);
  // Rounding down left over less than one for each item: those that occur once take it.
  while (left > 0)
    for (const [index, { weight, copies }] of items.entries()) {
      if (left === 0 || weight === 0 || copies > 1) continue;
      shares[index] = (shares[index] ?? 0) + 1;
      left--;
    }
  return shares;
}
