/** What each gate says of a candidate. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IGateResult } from '../api';
import { StatusWord } from './parts';
import { Table } from './table';

export function Gates(props: {
  gates: readonly IGateResult[];
  trans: TranslationBundle;
  /** Names of the gates that are waived, and what to do when that changes; without it none can be. */
  waived?: ReadonlySet<string>;
  waive?(name: string, isOn: boolean): void;
}): JSX.Element {
  const { gates, trans, waived, waive } = props;
  return (
    <Table
      label={trans.__('Gates')}
      columns={[
        { label: trans.__('Gate') },
        { label: trans.__('Outcome') },
        { label: trans.__('What it says') },
        waive ? { label: trans.__('Waive') } : null
      ]}
    >
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
    </Table>
  );
}
