// Which CRL shard a certificate belongs to: a function of its serial, fixed for ever when it is issued.

/** An authority has at least one shard, and no more than a client may be asked to know of. */
export const MAX_SHARDS = 4096;

/**
 * The shard of a serial, 0 to `shards - 1`: the last 32 bits modulo the number of shards. Those bits are random in
 * serials of ours, so shards grow alike; of a certificate that others issued, they are whatever the others wrote.
 * @param serial lower-case hex
 * @param shards `Authority.shards`
 */
export function shardOf(serial: string, shards: number): number {
  if (!Number.isInteger(shards) || shards < 1 || shards > MAX_SHARDS)
    throw new TypeError('a number of shards that no authority has');
  return Number.parseInt(serial.slice(-8), 16) % shards;
}
