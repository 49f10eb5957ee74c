/** React hooks over a watch, and over an answer that comes later. */
import * as React from 'react';
import type { IAbout } from '../api';
import { asFailure } from './watch';
import type { IFailure, IWatch } from './watch';

export interface IWatched {
  about: IAbout | null;
  error: IFailure | null;
  /** Grows with each change of the ledger: a dependency of whatever reads it. */
  version: number;
}

/** The state of a watch, drawn anew when it changes. */
export function useWatch(watch: IWatch): IWatched {
  const [, draw] = React.useReducer((turn: number) => turn + 1, 0);
  const [version, advance] = React.useReducer((turn: number) => turn + 1, 0);
  React.useEffect(() => {
    const onChange = (_: IWatch, change: string): void => (change === 'data' ? advance() : draw());
    watch.changed.connect(onChange);
    draw();
    return () => void watch.changed.disconnect(onChange);
  }, [watch]);
  return { about: watch.about, error: watch.error, version };
}

export interface IAnswer<T> {
  /** The last answer; kept while the next one is asked for. */
  value: T | undefined;
  error: IFailure | null;
  loading: boolean;
  again: () => void;
}

/** The answer of `ask`, asked again when `dependencies` change. Answers that came too late are dropped. */
export function useAnswer<T>(ask: () => Promise<T>, dependencies: unknown[]): IAnswer<T> {
  const [state, setState] = React.useState<Omit<IAnswer<T>, 'again'>>({ value: undefined, error: null, loading: true });
  const [turn, again] = React.useReducer((count: number) => count + 1, 0);
  React.useEffect(() => {
    let late = false;
    setState(before => ({ ...before, loading: true }));
    ask().then(
      value => late || setState({ value, error: null, loading: false }),
      error => late || setState(before => ({ ...before, error: asFailure(error), loading: false }))
    );
    return () => {
      late = true;
    };
  }, [...dependencies, turn]);
  return { ...state, again };
}
