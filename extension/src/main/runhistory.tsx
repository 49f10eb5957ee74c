/** The past of a run's cell. */
import React from 'react';

import type { IRun } from '../api';
import { short } from '../common/format';
import { useLive } from './hooks';
import { Action, Loaded, Moment, RunLink, Scrolls, Section, StatusWord, Value } from './parts';
import type { DetailProps } from './rundetail';

/** The other runs of the same cell, each with a way to what differs. */
export function History(props: DetailProps): JSX.Element | null {
  const { run, api, trans, context, path } = props;
  const [picked, pick] = React.useState<ReadonlySet<string>>(new Set());
  const cell = run.cell_id;
  const answer = useLive(props, async () => (cell ? api.cellHistory(cell) : { total: 0, offset: 0, items: [] as IRun[] }), [cell]);
  const others = answer.value?.items.filter(one => one.id !== run.id) ?? [];
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
    <Section title={trans.__('Other runs of this cell')} note={trans._n('%1 run', '%1 runs', others.length)} tools={tools}>
      <Loaded answer={answer} trans={trans}>
        {() => (
          <Scrolls label={trans.__('Other runs of this cell')} className="jp-mod-tall">
            <table className="jp-nbledger-main-table">
              <thead>
                <tr>
                  <th scope="col">
                    <span className="jp-nbledger-main-unseen">{trans.__('Choose')}</span>
                  </th>
                  <th scope="col">{trans.__('Run')}</th>
                  <th scope="col">{trans.__('Started')}</th>
                  <th scope="col">{trans.__('Status')}</th>
                  {names.map(name => (
                    <th scope="col" key={name} className="jp-mod-number">
                      {name}
                    </th>
                  ))}
                  <th scope="col">
                    <span className="jp-nbledger-main-unseen">{trans.__('Actions')}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
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
              </tbody>
            </table>
          </Scrolls>
        )}
      </Loaded>
    </Section>
  );
}
