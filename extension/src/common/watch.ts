/**
 * What keeps a view up to date: one long poll for each ledger, shared by all that show it.
 *
 * A `Watch` belongs to one view. It asks what state the ledger of its path is in; when that is sound it joins the
 * ledger's `Poll`. A poll rests while the page is hidden (and asks at once when it is shown again); when the
 * connection is lost it asks again after 1, 2, 4 ... 30 s, and goes on by itself. Nothing here imports JupyterLab.
 */
import type { IDisposable } from '@lumino/disposable';
import { Signal } from '@lumino/signaling';
import type { ISignal } from '@lumino/signaling';
import type { IAbout } from '../api';

/** The part of `Api` that a watch asks. */
export interface IWatched {
  about(): Promise<IAbout>;
  changes(since: string, wait?: number): Promise<{ now: string }>;
}

/** A failure as `ApiError` has it; `status` 0 is a lost connection. */
export interface IFailure {
  message: string;
  status: number;
  remedy: string;
  /** What kind of problem the server says it is (`locked`, `filter` ...); empty where it was not nbledger that answered. */
  kind?: string;
  /** Place of the wrong token in a filter. */
  position?: number | null;
}

/** The page, as far as polling is concerned. */
export interface IPage {
  hidden(): boolean;
  /** Calls back when the page is shown again, or the network is back; the answer stops that. */
  onReturn(callback: () => void): () => void;
}

/** What changed: the ledger's content (`data`), or its state or the connection to it (`state`). */
export type Change = 'data' | 'state';

export interface IWatch extends IDisposable {
  readonly path: string;
  /** `null` until the first answer. Stays as it was while the connection is lost. */
  readonly about: IAbout | null;
  /** Why there is no answer now: a lost connection, or a server that refused. */
  readonly error: IFailure | null;
  readonly changed: ISignal<IWatch, Change>;
  /** Ask now, for instance because a cell has just run. */
  refresh(): Promise<void>;
}

/** Milliseconds between two looks at a path that has no sound ledger yet: at first, and at last. */
export const RECHECK = 4000;
const RECHECK_AT_LAST = 20_000;
/** Milliseconds after which a ledger that refused to be followed is trusted again. */
const DOUBTS_APART = 60_000;
/** A browser opens six connections to a server; beyond this many long polls the further ones ask every `RECHECK`. */
export const LONGEST_POLLS = 2;

const PROBLEM = 'urn:nbledger:problem:';

/** Milliseconds before the next try after so many failures in a row. */
export function backoff(failures: number): number {
  return Math.min(1000 * 2 ** Math.max(failures - 1, 0), 30_000);
}

/** All watches of one page. */
export class Watches {
  constructor(
    private readonly api: (path: string) => IWatched,
    private readonly page: IPage
  ) {}

  watch(path: string): IWatch {
    return new Watch(path, this.api(path), this, this.page);
  }

  /** The poll of a ledger: the one that runs, or a new one. */
  poll(id: string, api: IWatched): Poll {
    let poll = this.polls.get(id);
    if (!poll) {
      poll = new Poll(api, this.page, this.polls.size >= LONGEST_POLLS, () => this.polls.delete(id));
      this.polls.set(id, poll);
    }
    return poll;
  }

  /** A ledger is there that was not: others may wait for the same one. */
  appeared(by: Watch): void {
    this.waiting.forEach(watch => watch !== by && void watch.refresh());
  }

  /** Watches whose ledger is not sound. */
  readonly waiting = new Set<Watch>();
  private readonly polls = new Map<string, Poll>();
}

interface IMember {
  onData(): void;
  onLost(failure: IFailure): void;
  /** The ledger's state may be another one: look again. */
  onDoubt(): void;
}

/** Asks one ledger for changes as long as somebody listens. */
export class Poll {
  constructor(
    private readonly api: IWatched,
    private readonly page: IPage,
    private readonly brief: boolean,
    private readonly onEnd: () => void
  ) {
    this.ready = new Promise(resolve => (this.resolveReady = resolve));
  }

  /** Resolves when changes after now will be noticed. */
  readonly ready: Promise<void>;

  join(member: IMember): void {
    this.members.add(member);
    if (!this.running) {
      this.running = true;
      void this.run();
    }
  }

  leave(member: IMember): void {
    this.members.delete(member);
    if (this.members.size === 0) {
      this.end();
    }
  }

  private async run(): Promise<void> {
    let since = '';
    let failures = 0;
    while (!this.ended) {
      if (this.page.hidden()) {
        await pause(this.page, null);
        continue;
      }
      try {
        const wait = since === '' || failures > 0 || this.brief ? 0 : undefined;
        const { now } = await this.api.changes(since, wait);
        const changed = since !== '' && now !== since;
        since = now;
        this.resolveReady();
        if (failures > 0) {
          failures = 0;
          [...this.members].forEach(member => member.onDoubt());
        }
        if (changed) {
          [...this.members].forEach(member => member.onData());
        }
        if (this.brief) {
          await pause(this.page, RECHECK);
        }
      } catch (error) {
        this.resolveReady();
        const failure = asFailure(error);
        if (!isLost(failure)) {
          const members = [...this.members];
          this.end();
          members.forEach(member => member.onDoubt());
          return;
        }
        failures += 1;
        [...this.members].forEach(member => member.onLost(failure));
        await pause(this.page, backoff(failures));
      }
    }
  }

  private end(): void {
    if (!this.ended) {
      this.ended = true;
      this.members.clear();
      this.onEnd();
    }
  }

  private readonly members = new Set<IMember>();
  private running = false;
  private ended = false;
  private resolveReady: () => void = () => undefined;
}

class Watch implements IWatch, IMember {
  constructor(
    readonly path: string,
    private readonly api: IWatched,
    private readonly hub: Watches,
    private readonly page: IPage
  ) {
    void this.refresh();
  }

  about: IAbout | null = null;
  error: IFailure | null = null;
  isDisposed = false;

  get changed(): ISignal<IWatch, Change> {
    return this._changed;
  }

  async refresh(): Promise<void> {
    const turn = ++this.turn;
    let about: IAbout;
    try {
      about = await this.api.about();
    } catch (error) {
      if (turn === this.turn && !this.isDisposed) {
        this.failures += 1;
        this.onLost(asFailure(error));
        void this.again(backoff(this.failures));
      }
      return;
    }
    if (turn !== this.turn || this.isDisposed) {
      return;
    }
    const before = this.about;
    const wasLost = this.error !== null;
    this.failures = 0;
    if (about.state === 'ok') {
      const poll = this.hub.poll(about.id ?? `path:${this.path}`, this.api);
      if (poll !== this.poll) {
        this.poll?.leave(this);
        this.poll = poll;
        poll.join(this);
      }
      await poll.ready;
      if (turn !== this.turn || this.isDisposed) {
        return;
      }
      this.looks = 0;
      if (this.hub.waiting.delete(this)) {
        this.hub.appeared(this);
      }
    } else {
      this.poll?.leave(this);
      this.poll = null;
      this.hub.waiting.add(this);
      void this.again(Math.min(RECHECK * 1.3 ** this.looks++, RECHECK_AT_LAST));
    }
    this.about = about;
    this.error = null;
    if (wasLost || !before || !same(before, about)) {
      this._changed.emit('state');
    }
    if (before && (wasLost || before.id !== about.id || before.state !== about.state)) {
      this._changed.emit('data');
    }
  }

  onData(): void {
    this._changed.emit('data');
  }

  onLost(failure: IFailure): void {
    const before = this.error;
    this.error = failure;
    if (before?.status !== failure.status || before?.message !== failure.message) {
      this._changed.emit('state');
    }
  }

  onDoubt(): void {
    // A ledger that says it is sound, and refuses to be followed, is asked ever less often.
    const now = Date.now();
    this.doubts = now - this.doubted < DOUBTS_APART ? this.doubts + 1 : 0;
    this.doubted = now;
    this.poll = null;
    void (this.doubts === 0 ? this.refresh() : this.again(backoff(this.doubts)));
  }

  dispose(): void {
    if (!this.isDisposed) {
      this.isDisposed = true;
      this.poll?.leave(this);
      this.poll = null;
      this.hub.waiting.delete(this);
      Signal.clearData(this);
    }
  }

  private async again(after: number): Promise<void> {
    const turn = this.turn;
    await pause(this.page, after);
    while (this.page.hidden() && !this.isDisposed) {
      await pause(this.page, null);
    }
    if (turn === this.turn && !this.isDisposed) {
      void this.refresh();
    }
  }

  private poll: Poll | null = null;
  private turn = 0;
  private failures = 0;
  private looks = 0;
  private doubts = 0;
  private doubted = -Infinity;
  private readonly _changed = new Signal<this, Change>(this);
}

/** Whether a failure is the connection's or the server's as a whole, so that asking again is all there is to do. */
export function isLost(failure: IFailure): boolean {
  return failure.status === 0 || (!failure.kind && [502, 503, 504].includes(failure.status));
}

/** Anything thrown as a failure. */
export function asFailure(error: unknown): IFailure {
  const failure = error as (Partial<IFailure> & { problem?: { type?: string; position?: number } }) | null | undefined;
  const type = failure?.problem?.type ?? '';
  return {
    message: failure?.message ?? String(error),
    status: failure?.status ?? -1,
    remedy: failure?.remedy ?? '',
    kind: failure?.kind ?? (type.startsWith(PROBLEM) ? type.slice(PROBLEM.length) : ''),
    position: failure?.position ?? failure?.problem?.position ?? null
  };
}

function same(a: IAbout, b: IAbout): boolean {
  return JSON.stringify({ ...a, runs: 0 }) === JSON.stringify({ ...b, runs: 0 });
}

/** Resolve after some milliseconds (`null`: never by itself), or as soon as the page is back. */
function pause(page: IPage, milliseconds: number | null): Promise<void> {
  return new Promise(resolve => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = page.onReturn(done);
    function done(): void {
      clearTimeout(timer);
      stop();
      resolve();
    }
    if (milliseconds !== null) {
      timer = setTimeout(done, milliseconds);
    }
  });
}
