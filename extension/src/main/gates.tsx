/** What each gate says of a candidate. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IGateResult } from '../api';
import { Scrolls, StatusWord } from './parts';

export function Gates(props: {
  gates: readonly IGateResult[];
  trans: TranslationBundle;
  /** Names of the gates that are waived, and what to do when that changes; without it none can be. */
  waived?: ReadonlySet<string>;
  waive?(name: string, isOn: boolean): void;
}): JSX.Element {
  const { gates, trans, waived, waive } = props;
  return (
    <Scrolls label={trans.__('Gates')}>
      <table className="jp-nbledger-main-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('Gate')}</th>
            <th scope="col">{trans.__('Outcome')}</th>
            <th scope="col">{trans.__('What it says')}</th>
            {waive ? <th scope="col">{trans.__('Waive')}</th> : null}
          </tr>
        </thead>
        <tbody>
          {gates.map((gate, place) => (
            <tr key={place}>
              <th scope="row">{gate.name}</th>
              <td>
                <StatusWord status={gate.outcome} trans={trans} />
              </td>
              <td>{gate.message}</td>
              {waive ? (
                <td>
                  {gate.outcome !== 'passed' ? (
                    <input
                      type="checkbox"
                      aria-label={trans.__('Waive the gate %1', gate.name)}
                      checked={waived?.has(gate.name) ?? false}
                      onChange={event => waive(gate.name, event.target.checked)}
                    />
                  ) : null}
                </td>
              ) : null}
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  );
}
