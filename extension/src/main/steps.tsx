/** The steps of a pipeline as a small graph, from left to right. The table beside it says the same. */
import type { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import type { IStep } from '../api';
import { type ILayout, NODE, layout, path } from './layout';
import { statusWord } from './parts';

export function StepGraph(props: { steps: IStep[]; trans: TranslationBundle; open(step: IStep): void }): JSX.Element | null {
  const { steps, trans, open } = props;
  const arrow = `jp-nbledger-arrow-${React.useId().replace(/:/g, '')}`;
  const [placed, setPlaced] = React.useState<ILayout | null>(null);
  const edges = steps.flatMap(step => step.before.map(source => ({ source, target: step.name, label: '' })));
  const shape = JSON.stringify([steps.map(step => step.name), edges]);
  React.useEffect(() => {
    let isCurrent = true;
    const names = new Set(steps.map(step => step.name));
    const nodes = steps.map(step => ({ id: step.name, kind: 'cell' as const, label: step.name, detail: '', node: null, count: 1 }));
    const known = edges.filter(edge => names.has(edge.source));
    void layout({ nodes, edges: known, root: '', hidden: 0 }).then(found => isCurrent && setPlaced(found));
    return () => {
      isCurrent = false;
    };
  }, [shape]);
  if (!placed || steps.some(step => !placed.places.has(step.name))) {
    return null;
  }
  return (
    <div className="jp-nbledger-main-steps" role="region" tabIndex={0} aria-label={trans.__('Steps as a graph')}>
      <svg width={placed.width} height={placed.height} role="group" aria-label={trans.__('%1 steps', steps.length)}>
        <defs>
          <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">
            <path d="M0,0 L8,4 L0,8 z" />
          </marker>
        </defs>
        <g aria-hidden="true">
          {placed.ways.map((way, place) => (
            <path key={place} d={path(way)} markerEnd={`url(#${arrow})`} className="jp-nbledger-main-edge" />
          ))}
        </g>
        {steps.map(step => {
          const { x, y } = placed.places.get(step.name) as { x: number; y: number };
          const words = `${step.name}, ${statusWord(step.status, trans)}`;
          return (
            <g
              key={step.name}
              role="button"
              tabIndex={step.run ? 0 : -1}
              aria-disabled={step.run ? undefined : true}
              aria-label={words}
              className="jp-nbledger-main-node"
              data-status={step.status}
              transform={`translate(${x - NODE.width / 2},${y - NODE.height / 2})`}
              onClick={() => open(step)}
              onKeyDown={event => (event.key === 'Enter' || event.key === ' ') && open(step)}
            >
              <title>{[words, step.detail].filter(Boolean).join('\n')}</title>
              <rect className="jp-mod-box" width={NODE.width} height={NODE.height} rx="4" />
              <rect className="jp-mod-band" width="4" height={NODE.height} rx="2" />
              <text x="14" y="19" className="jp-mod-label">
                {step.name.length > 25 ? `${step.name.slice(0, 24)}…` : step.name}
              </text>
              <text x="14" y="35" className="jp-mod-detail">
                {statusWord(step.status, trans)}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
