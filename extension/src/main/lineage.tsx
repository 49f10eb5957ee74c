/** What made something, or what used it: a graph that mouse and keyboard can walk, and a table that says the same. */
import { closeIcon, searchIcon } from '@jupyterlab/ui-components';
import React from 'react';

import type { ILineage, ILineageNode } from '../api';
import { short } from '../common/format';
import { Code } from './code';
import type { IViewProps } from './context';
import { type IDrawing, drawing, neighbours, opening, search } from './graph';
import { Graph, kindCount, kindWord } from './graphview';
import { useLive } from './hooks';
import { Rest } from './lists';
import { Action, Head, Loaded, Nothing, RunLink, Scrolls } from './parts';

type Direction = 'why' | 'impact';

export default function LineageView(props: IViewProps): JSX.Element {
  const { api, trans } = props;
  const of = props.args.of as string;
  const direction: Direction = props.args.direction === 'impact' ? 'impact' : 'why';
  const answer = useLive(props, () => api.lineage(of, direction), [of, direction]);
  React.useEffect(() => {
    if (answer.value) {
      props.entitle(trans.__('Lineage of %1', shortened(answer.value.title || of)), of);
    }
  }, [answer.value]);
  return (
    <Loaded answer={answer} trans={trans}>
      {lineage => <Shown {...props} lineage={lineage} direction={direction} />}
    </Loaded>
  );
}

type Props = IViewProps & { lineage: ILineage; direction: Direction };

function Shown(props: Props): JSX.Element {
  const { lineage, direction, trans, keep } = props;
  const title = shortened(lineage.title);
  const asTable = props.args.table === true;
  const [opened, open] = React.useState<ReadonlySet<string>>(new Set());
  const [chosen, choose] = React.useState('');
  const [wanted, want] = React.useState('');
  const shown = React.useMemo(() => drawing(lineage, opened, direction), [lineage, opened, direction]);
  const found = React.useMemo(() => search(lineage, wanted), [lineage, wanted]);
  const node = lineage.nodes.find(one => one.id === chosen);
  const show = (id: string) => {
    open(opening(lineage, id, opened, direction));
    choose(id);
  };
  const next = () => {
    if (found.length > 0) {
      show(found[(found.indexOf(chosen) + 1) % found.length]);
    }
  };
  return (
    <div className="jp-nbledger-main-lineage">
      <Head
        title={direction === 'why' ? trans.__('What made %1', title) : trans.__('What used %1', title)}
        facts={<Counts {...props} shown={shown} />}
      >
        <div role="group" aria-label={trans.__('Direction')} className="jp-nbledger-main-choice">
          <Action label={trans.__('What made it')} isPressed={direction === 'why'} onClick={() => keep({ direction: 'why' })} />
          <Action label={trans.__('What used it')} isPressed={direction === 'impact'} onClick={() => keep({ direction: 'impact' })} />
        </div>
        <div role="group" aria-label={trans.__('Shown as')} className="jp-nbledger-main-choice">
          <Action label={trans.__('Graph')} isPressed={!asTable} onClick={() => keep({ table: false })} />
          <Action label={trans.__('Table')} isPressed={asTable} onClick={() => keep({ table: true })} />
        </div>
      </Head>
      {lineage.nodes.length === 0 ? (
        <Nothing>{lineage.text || trans.__('Nothing recorded leads here.')}</Nothing>
      ) : (
        <>
          <form
            className="jp-nbledger-main-form jp-mod-inline"
            role="search"
            onSubmit={event => {
              event.preventDefault();
              next();
            }}
          >
            <searchIcon.react tag="span" className="jp-nbledger-main-action-icon" />
            <input
              type="search"
              className="jp-nbledger-main-input jp-mod-wide"
              aria-label={trans.__('Find in the lineage')}
              placeholder={trans.__('Find a cell, file, variable or metric')}
              value={wanted}
              onChange={event => want(event.target.value)}
            />
            <button type="submit" className="jp-nbledger-button" disabled={found.length === 0}>
              {trans.__('Next')}
            </button>
            <span role="status" className="jp-nbledger-main-note">
              {wanted ? trans._n('%1 found', '%1 found', found.length) : ''}
            </span>
          </form>
          <div className="jp-nbledger-main-lineage-body">
            {asTable ? (
              <NodeTable {...props} found={wanted ? new Set(found) : null} chosen={chosen} choose={choose} />
            ) : (
              <Graph
                shown={shown}
                chosen={chosen}
                found={wanted ? new Set(found) : null}
                trans={trans}
                choose={choose}
                open={id => open(new Set([...opened, id]))}
                enter={id => {
                  const run = lineage.nodes.find(one => one.id === id)?.run;
                  if (run) {
                    props.context.opener.run(props.path, run);
                  }
                }}
              />
            )}
            {node ? <NodeDetail {...props} node={node} choose={show} close={() => choose('')} /> : null}
          </div>
        </>
      )}
    </div>
  );
}

function Counts(props: Props & { shown: IDrawing }): JSX.Element {
  const { lineage, trans, shown } = props;
  const kinds = [...new Set(lineage.nodes.map(node => node.kind))];
  return (
    <>
      {kinds.map(kind => (
        <span key={kind}>
          {kindCount(kind, lineage.nodes.filter(node => node.kind === kind).length, trans)}
        </span>
      ))}
      {shown.hidden > 0 ? (
        <span className="jp-nbledger-main-mark">
          {trans.__('%1 are folded away: open them in the graph, or see them all in the table', shown.hidden.toLocaleString())}
        </span>
      ) : null}
      {lineage.truncated ? <span className="jp-nbledger-main-mark jp-mod-warn">{lineage.truncated}</span> : null}
    </>
  );
}

const PAGE = 500;

function NodeTable(
  props: Props & { found: ReadonlySet<string> | null; chosen: string; choose(id: string): void }
): JSX.Element {
  const { lineage, trans, found, chosen, choose, context, path } = props;
  const [count, setCount] = React.useState(PAGE);
  const byId = React.useMemo(() => new Map(lineage.nodes.map(node => [node.id, node])), [lineage]);
  const around = React.useMemo(() => neighbours(lineage.edges), [lineage]);
  const rows = lineage.nodes.filter(node => !found || found.has(node.id)).sort((one, other) => one.layer - other.layer);
  const names = (ids: string[] | undefined) => {
    const labels = (ids ?? []).map(id => byId.get(id)?.label ?? id);
    return labels.length > 6 ? `${labels.slice(0, 6).join(', ')}, ${trans.__('and %1 more', labels.length - 6)}` : labels.join(', ');
  };
  return (
    <Scrolls label={trans.__('Lineage as a table')} className="jp-mod-fill">
      <table className="jp-nbledger-main-table">
        <thead>
          <tr>
            <th scope="col">{trans.__('What')}</th>
            <th scope="col">{trans.__('Kind')}</th>
            <th scope="col">{trans.__('Detail')}</th>
            <th scope="col">{trans.__('Made from')}</th>
            <th scope="col">{trans.__('Went into')}</th>
            <th scope="col">{trans.__('Run')}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, count).map(node => (
            <tr key={node.id} className={node.id === chosen ? 'jp-mod-selected' : undefined}>
              <th scope="row" className="jp-mod-what">
                <button type="button" className="jp-nbledger-main-link" onClick={() => choose(node.id)}>
                  {node.label}
                </button>
              </th>
              <td>{kindWord(node.kind, trans)}</td>
              <td>
                {node.detail.split('\n').join(', ')} {node.exactness && node.exactness !== 'exact' ? <span className="jp-nbledger-main-mark">{node.exactness}</span> : null}
              </td>
              <td>{names(around.before.get(node.id))}</td>
              <td>{names(around.after.get(node.id))}</td>
              <td>{node.run ? <RunLink context={context} path={path} id={node.run} /> : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Rest shown={Math.min(count, rows.length)} total={rows.length} step={PAGE} more={() => setCount(count + PAGE)} trans={trans} />
    </Scrolls>
  );
}

function NodeDetail(props: Props & { node: ILineageNode; choose(id: string): void; close(): void }): JSX.Element {
  const { lineage, node, trans, context, path, choose } = props;
  const byId = new Map(lineage.nodes.map(one => [one.id, one]));
  const { before, after } = neighbours(lineage.edges);
  const links = (ids: string[] | undefined, title: string) =>
    ids && ids.length > 0 ? (
      <>
        <h4>{title}</h4>
        <ul className="jp-nbledger-main-list">
          {ids.slice(0, 20).map(id => (
            <li key={id}>
              <button type="button" className="jp-nbledger-main-link" onClick={() => choose(id)}>
                {byId.get(id)?.label ?? id}
              </button>
            </li>
          ))}
          {ids.length > 20 ? <li>{trans.__('and %1 more', ids.length - 20)}</li> : null}
        </ul>
      </>
    ) : null;
  const of = lineageOf(node);
  return (
    <aside className="jp-nbledger-main-aside" aria-label={trans.__('Chosen in the lineage')}>
      <div className="jp-nbledger-main-aside-head">
        <h3>{node.label}</h3>
        <button type="button" className="jp-nbledger-main-icon-button" aria-label={trans.__('Close')} title={trans.__('Close')} onClick={props.close}>
          <closeIcon.react tag="span" />
        </button>
      </div>
      <p className="jp-nbledger-main-facts">
        <span>{kindWord(node.kind, trans)}</span>
        {node.exactness ? <span>{node.exactness}</span> : null}
      </p>
      {node.detail ? <p className="jp-nbledger-main-detail">{node.detail}</p> : null}
      <div className="jp-nbledger-main-actions">
        {node.run ? <Action label={trans.__('Open run %1', short(node.run))} onClick={() => context.opener.run(path, node.run as string)} /> : null}
        {of && of !== lineage.of ? <Action label={trans.__('Its own lineage')} onClick={() => context.opener.lineage(path, of)} /> : null}
      </div>
      {node.code ? <Code code={node.code} context={context} label={trans.__('Code of %1', node.label)} /> : null}
      {links(before.get(node.id), trans.__('Made from'))}
      {links(after.get(node.id), trans.__('Went into'))}
    </aside>
  );
}

/** A text with the ids of runs in it short. */
function shortened(text: string): string {
  return text.replace(/\b[0-9a-f]{32}\b/g, id => short(id));
}

/** What to ask the lineage of a node by; nothing where it has no name of its own. */
function lineageOf(node: ILineageNode): string {
  switch (node.kind) {
    case 'cell':
      return node.run ?? '';
    case 'file':
      return `file:${node.label}`;
    default:
      return '';
  }
}
