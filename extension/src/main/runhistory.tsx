/** The past of a run's cell. */
import React from 'react';

import type { IRun } from '../api';
import { short } from '../common/format';
import { Rest, useList } from './lists';
import { Action, Loaded, Moment, RunLink, Section, StatusWord, Value } from './parts';
import type { DetailProps } from './rundetail';
import { Table } from './table';

/** Runs that a page has. */
const PAGE = 50;

/** The other runs of the same cell, each with a way to what differs. */
export function History(props: DetailProps): JSX.Element | null {
  const { run, api, trans, context, path } = props;
  const [picked, pick] = React.useState<ReadonlySet<string>>(new Set());
  const cell = run.cell_id;
  const none = async () => ({ total: 0, offset: 0, items: [] as IRun[] });
  const answer = useList(props, cell ? (offset, limit) => api.cellHistory(cell, offset, limit) : none, PAGE, [cell]);
  const { items, total } = answer.value ?? { items: [], total: 0 };
  const others = items.filter(one => one.id !== run.id);
  if (!cell || (others.length === 0 && !answer.error)) {
    return null;
  }
  const names = Object.keys(run.metrics).slice(0, 3);
  const toggle = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) {
      next.add(id);
    }
    pick(next);
  };
  const tools = (
    <Action
      label={picked.size > 0 ? trans.__('Compare with %1', picked.size) : trans.__('Compare')}
      why={picked.size === 0 ? trans.__('Choose runs in the table first.') : ''}
      onClick={() => context.opener.compare(path, [run.id, ...picked])}
    />
  );
  return (
    <Section title={trans.__('Other runs of this cell')} note={trans._n('%1 run', '%1 runs', run.deleted ? total : Math.max(others.length, total - 1))} tools={tools}>
      <Loaded answer={answer} trans={trans}>
        {() => (
          <Table
            label={trans.__('Other runs of this cell')}
            className="jp-mod-tall"
            columns={[
              { label: trans.__('Choose'), isUnseen: true },
              { label: trans.__('Run') },
              { label: trans.__('Started') },
              { label: trans.__('Status') },
              ...names.map(label => ({ label, isNumber: true })),
              { label: trans.__('Actions'), isUnseen: true }
            ]}
            foot={<Rest shown={items.length} total={total} step={answer.step} more={answer.more} trans={trans} />}
          >
            {others.map(one => (
              <tr key={one.id}>
                <td>
                  <input
                    type="checkbox"
                    aria-label={trans.__('Choose run %1', short(one.id))}
                    checked={picked.has(one.id)}
                    onChange={() => toggle(one.id)}
                  />
                </td>
                <th scope="row">
                  <RunLink context={context} path={path} id={one.id} />
                </th>
                <td>
                  <Moment at={one.started_at} />
                </td>
                <td>
                  <StatusWord status={one.status} trans={trans} />
                </td>
                {names.map(name => (
                  <td key={name} className="jp-mod-number">
                    {name in one.metrics ? <Value value={one.metrics[name]} /> : ''}
                  </td>
                ))}
                <td>
                  <button
                    type="button"
                    className="jp-nbledger-main-link"
                    aria-label={trans.__('What differs between run %1 and this one', short(one.id))}
                    onClick={() => {
                      const [a, b] = one.started_at < run.started_at ? [one.id, run.id] : [run.id, one.id];
                      context.opener.diff(path, a, b);
                    }}
                  >
                    {trans.__('Diff')}
                  </button>
                </td>
              </tr>
            ))}
          </Table>
        )}
      </Loaded>
    </Section>
  );
}
