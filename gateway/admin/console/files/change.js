// What has happened between two answers of /figures. Counters only grow, so a
// smaller one belongs to another run of the gateway; then nothing is told.

export class Change {
  constructor(before, now) {
    this.before = before;
    this.now = now;
    this.seconds = (now.at - before.at) / 1000;
  }

  // perSecond is the rate of a counter, which of picks from an answer.
  perSecond(of) {
    return Math.max(0, of(this.now) - of(this.before)) / this.seconds;
  }

  // mean and high describe the durations counted in between, in nanoseconds:
  // high is the bound of the bucket that the 99th percentile is in.
  mean(of) {
    const counted = total(this.#counts(of));
    return counted ? (of(this.now).sumNanoseconds - of(this.before).sumNanoseconds) / counted : 0;
  }

  high(of) {
    const counts = this.#counts(of);
    let left = total(counts) * 0.99;
    if (!left) {
      return 0;
    }
    const bounds = this.now.boundsNanoseconds;
    const bucket = counts.findIndex((n) => (left -= n) <= 0);
    return bounds[Math.min(bucket, bounds.length - 1)];
  }

  #counts(of) {
    const before = of(this.before).counts;
    return of(this.now).counts.map((n, i) => Math.max(0, n - before[i]));
  }

  // of is what has become of one of a list, found by what key makes of it.
  pair(list, key) {
    const before = new Map(list(this.before).map((entry) => [key(entry), entry]));
    return list(this.now).map((entry) => ({ now: entry, before: before.get(key(entry)) ?? entry }));
  }
}

export const total = (numbers) => numbers.reduce((sum, n) => sum + n, 0);
