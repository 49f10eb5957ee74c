/** React hooks of the main area. */
import React from 'react';

import { type IAnswer, useAnswer } from '../common/hooks';
import type { IViewProps } from './context';

/** The answer of `ask`, asked again when the ledger changes while the tab is in front. */
export function useLive<T>(props: IViewProps, ask: () => Promise<T>, needs: readonly unknown[]): IAnswer<T> {
  return useAnswer(ask, [props.api, props.version, ...needs]);
}

/** The time in seconds, again every so many milliseconds while `isOn`. */
export function useNow(isOn: boolean, every = 1000): number {
  const [now, set] = React.useState(() => Date.now() / 1000);
  React.useEffect(() => {
    if (!isOn) {
      return;
    }
    const timer = window.setInterval(() => set(Date.now() / 1000), every);
    return () => window.clearInterval(timer);
  }, [isOn, every]);
  return now;
}
