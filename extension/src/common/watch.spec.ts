import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { IAbout } from '../api';
import { Watches, backoff } from './watch';
import type { Change, IWatch } from './watch';

/** A ledger that answers a long poll when it is told to, on a page that can be hidden. */
class Ledger {
  state: IAbout['state'] = 'ok';
  now = 1;
  isLost = false;
  refuses = false;
  asked = { about: 0, changes: 0 };
  isHidden = false;
  private polls: (() => void)[] = [];
  private returns = new Set<() => void>();

  watches = new Watches(
    () => ({
      about: async () => {
        this.asked.about += 1;
        this.check();
        return { state: this.state, id: 'one', runs: this.now, may: { read: true }, experiments: [] } as unknown as IAbout;
      },
      changes: async (since, wait) => {
        this.asked.changes += 1;
        this.check();
        if (this.refuses) {
          throw Object.assign(new Error('no such route'), { status: 404, remedy: '' });
        }
        if (since === String(this.now) && wait !== 0) {
          await new Promise<void>(resolve => this.polls.push(resolve));
          this.check();
        }
        return { now: String(this.now) };
      }
    }),
    {
      hidden: () => this.isHidden,
      onReturn: callback => {
        this.returns.add(callback);
        return () => this.returns.delete(callback);
      }
    }
  );

  write(): void {
    this.now += 1;
    this.release();
  }

  lose(): void {
    this.isLost = true;
    this.release();
  }

  release(): void {
    this.polls.splice(0).forEach(resolve => resolve());
  }

  show(): void {
    this.isHidden = false;
    [...this.returns].forEach(callback => callback());
  }

  private check(): void {
    if (this.isLost) {
      throw Object.assign(new Error('no connection'), { status: 0, remedy: '' });
    }
  }
}

const pass = (milliseconds = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(milliseconds);

function heard(watch: IWatch): Change[] {
  const changes: Change[] = [];
  watch.changed.connect((_, change) => changes.push(change));
  return changes;
}

describe('a watch', () => {
  let ledger: Ledger;
  beforeEach(() => {
    vi.useFakeTimers();
    ledger = new Ledger();
  });
  afterEach(() => vi.useRealTimers());

  it('asks a server that cannot be followed ever less often', async () => {
    ledger.refuses = true;
    const watch = ledger.watches.watch('a.ipynb');
    await pass(60_000);
    expect(watch.about?.state).toBe('ok');
    expect(ledger.asked.changes).toBeGreaterThan(3);
    expect(ledger.asked.changes).toBeLessThan(12);
    ledger.refuses = false;
    await pass(40_000);
    const changes = heard(watch);
    ledger.write();
    await pass(10);
    expect(changes).toEqual(['data']);
    watch.dispose();
  });

  it('tells each change of its ledger', async () => {
    const changes = heard(ledger.watches.watch('a.ipynb'));
    await pass();
    ledger.write();
    await pass();
    ledger.write();
    await pass();
    expect(changes).toEqual(['state', 'data', 'data']);
  });

  it('shares one poll with all watches of the same ledger', async () => {
    const all = ['a.ipynb', 'b.ipynb', ''].map(path => heard(ledger.watches.watch(path)));
    await pass();
    const before = ledger.asked.changes;
    ledger.write();
    await pass();
    expect(all).toEqual([['state', 'data'], ['state', 'data'], ['state', 'data']]);
    expect(ledger.asked.changes - before).toBe(1);
  });

  it('asks no more when nobody watches', async () => {
    const watch = ledger.watches.watch('a.ipynb');
    await pass();
    watch.dispose();
    ledger.write();
    await pass(120_000);
    expect(ledger.asked.changes).toBe(2);
  });

  it('rests while the page is hidden, and then tells what it missed', async () => {
    const changes = heard(ledger.watches.watch('a.ipynb'));
    await pass();
    ledger.isHidden = true;
    ledger.release();
    await pass();
    const before = ledger.asked.changes;
    ledger.write();
    await pass(600_000);
    expect(ledger.asked.changes).toBe(before);
    ledger.show();
    await pass();
    expect(changes).toEqual(['state', 'data']);
  });

  it('keeps what it knew when the connection is lost, and goes on by itself', async () => {
    const watch = ledger.watches.watch('a.ipynb');
    const changes = heard(watch);
    await pass();
    ledger.lose();
    await pass();
    expect(watch.error?.status).toBe(0);
    expect(watch.about?.state).toBe('ok');
    await pass(40_000);
    expect(changes).toEqual(['state', 'state']);
    ledger.isLost = false;
    ledger.now += 1;
    await pass(31_000);
    expect(watch.error).toBeNull();
    expect(changes.slice(2)).toContain('data');
  });

  it('asks a lost server ever more seldom', () => {
    expect([1, 2, 3, 4, 5, 6, 20].map(backoff)).toEqual([1000, 2000, 4000, 8000, 16000, 30000, 30000]);
  });

  it('notices when a ledger is made, and tells the others that wait for it', async () => {
    ledger.state = 'none';
    const one = ledger.watches.watch('a.ipynb');
    const other = ledger.watches.watch('b.ipynb');
    await pass();
    expect(one.about?.state).toBe('none');
    await pass(60_000);
    ledger.state = 'ok';
    await one.refresh();
    await pass();
    expect([one.about?.state, other.about?.state]).toEqual(['ok', 'ok']);
  });
});
