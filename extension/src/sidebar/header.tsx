/** The headers of the table of runs: each sorts by a click, resizes by its edge or by Shift and an arrow. */
import * as React from 'react';
import type { TranslationBundle } from '@jupyterlab/translation';
import { CHECK_WIDTH, nextOrder } from './columns';
import type { IColumn, IOrder } from './columns';

interface IHeadProps {
  trans: TranslationBundle;
  order: IOrder | null;
  onOrder: (order: IOrder | null) => void;
  onResize: (key: string, width: number | null) => void;
}

/** The widths of all columns and their headers: apart from the rows, as a scroll changes nothing of them. */
export const Head = React.memo(function Head(
  props: IHeadProps & { columns: IColumn[]; widths: Record<string, number>; nameWidth: number }
): React.ReactElement {
  const { columns, widths, nameWidth, ...header } = props;
  const { trans } = header;
  return (
    <>
      <colgroup>
        <col style={{ width: CHECK_WIDTH }} />
        <col style={{ width: nameWidth }} />
        {columns.map(column => (
          <col key={column.key} style={{ width: widthOf(column, widths) }} />
        ))}
      </colgroup>
      <thead>
        <tr aria-rowindex={1}>
          <th scope="col" className="jp-nbledger-Runs-check" aria-label={trans.__('Selected')} />
          <Header {...header} name="name" label={trans.__('Run')} width={nameWidth} orderKey="attributes.name" />
          {columns.map(column => (
            <Header
              {...header}
              key={column.key}
              name={column.key}
              label={labelOf(trans, column)}
              width={widthOf(column, widths)}
              orderKey={column.key}
              kind={column.kind}
            />
          ))}
        </tr>
      </thead>
    </>
  );
});

export function widthOf(column: IColumn, widths: Record<string, number>): number {
  return widths[column.key] ?? column.width;
}

function Header(
  props: IHeadProps & { name: string; label: string; width: number; orderKey: string; kind?: string }
): React.ReactElement {
  const { trans, order, onOrder, onResize, name, label, width, orderKey, kind } = props;
  const isDefault = order === null && orderKey === 'attributes.started_at';
  const direction = order?.key === orderKey ? (order.descending ? 'descending' : 'ascending') : isDefault ? 'descending' : undefined;

  const onPointerDown = (event: React.PointerEvent): void => {
    if (event.button !== 0) {
      return;
    }
    event.preventDefault();
    const handle = event.currentTarget as HTMLElement;
    const from = event.clientX;
    handle.setPointerCapture(event.pointerId);
    const onMove = (move: PointerEvent): void => onResize(name, width + move.clientX - from);
    const onUp = (): void => {
      handle.removeEventListener('pointermove', onMove);
      handle.removeEventListener('pointerup', onUp);
      handle.removeEventListener('pointercancel', onUp);
    };
    handle.addEventListener('pointermove', onMove);
    handle.addEventListener('pointerup', onUp);
    handle.addEventListener('pointercancel', onUp);
  };
  const onKeyDown = (event: React.KeyboardEvent): void => {
    if (event.shiftKey && (event.key === 'ArrowLeft' || event.key === 'ArrowRight')) {
      event.preventDefault();
      event.stopPropagation();
      onResize(name, width + (event.key === 'ArrowRight' ? 16 : -16));
    }
  };
  const isName = name === 'name';
  return (
    <th
      scope="col"
      className={`jp-nbledger-Runs-header${isName ? ' jp-nbledger-Runs-name' : ''}${kind === 'metrics' ? ' jp-mod-number' : ''}`}
      aria-sort={direction ?? 'none'}
      data-header={isName ? undefined : name}
    >
      <button
        title={trans.__('%1\nClick to sort; drag the edge, or press Shift and an arrow, to resize', isName ? label : name.replace(/^attributes\./, ''))}
        onClick={() => onOrder(nextOrder(order, orderKey))}
        onKeyDown={onKeyDown}
      >
        <span className="jp-nbledger-Runs-label">{label}</span>
        <span aria-hidden="true" className="jp-nbledger-Runs-arrow">
          {direction === 'descending' ? '▾' : direction === 'ascending' ? '▴' : ''}
        </span>
      </button>
      <span
        className="jp-nbledger-Runs-edge"
        aria-hidden="true"
        onPointerDown={onPointerDown}
        onDoubleClick={() => onResize(name, null)}
      />
    </th>
  );
}

export function labelOf(trans: TranslationBundle, { kind, name }: IColumn): string {
  if (kind !== 'attributes') {
    return name;
  }
  switch (name) {
    case 'started_at':
      return trans.__('Started');
    case 'duration':
      return trans.__('Duration');
    case 'status':
      return trans.__('Status');
    case 'kind':
      return trans.__('Kind');
    case 'experiment':
      return trans.__('Experiment');
    case 'notebook':
      return trans.__('Notebook');
    case 'position':
      return trans.__('Cell');
    default:
      return name;
  }
}

/** The width that shows all of a column's cells in sight. */
export function fitting(scroller: HTMLElement | null, key: string, before: number): number {
  const cells = scroller?.querySelectorAll<HTMLElement>(`[data-column="${CSS.escape(key)}"], [data-header="${CSS.escape(key)}"] button`);
  let widest = 0;
  cells?.forEach(cell => {
    const probe = document.createRange();
    probe.selectNodeContents(cell);
    // A name may be cut: it needs as much more as it has more letters.
    const longer = cell.dataset.name ? cell.dataset.name.length / Math.max(1, cell.textContent?.length ?? 1) : 1;
    widest = Math.max(widest, cell.scrollWidth * longer, probe.getBoundingClientRect().width * longer + 18);
  });
  return Math.ceil(widest > 0 ? Math.min(widest + 4, 600) : before);
}

