/** Tables of the main area: a head that says what stands below, in a box that scrolls. */
import React from 'react';

import { Scrolls } from './parts';

export interface IColumn {
  label: string;
  isNumber?: boolean;
  /** Said, but not shown: a column of boxes or buttons. */
  isUnseen?: boolean;
  sort?: ISort;
}

/** A column by which one can sort; `way` is there where it is the one. */
export interface ISort {
  way?: 'ascending' | 'descending';
  choose(): void;
}

export function Table(props: {
  label: string;
  /** A column that is `null` is left out. */
  columns: readonly (IColumn | null)[];
  className?: string;
  /** What stands below the rows, in the same box. */
  foot?: React.ReactNode;
  children: React.ReactNode;
}): JSX.Element {
  return (
    <Scrolls label={props.label} className={props.className}>
      <table className="jp-nbledger-main-table">
        <thead>
          <tr>{props.columns.map((column, place) => (column ? <Header key={place} {...column} /> : null))}</tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
      {props.foot}
    </Scrolls>
  );
}

function Header(props: IColumn): JSX.Element {
  const { label, isNumber, isUnseen, sort } = props;
  return (
    <th scope="col" className={isNumber ? 'jp-mod-number' : undefined} aria-sort={sort?.way}>
      {sort ? (
        <button type="button" className="jp-nbledger-main-sort" onClick={sort.choose}>
          {label}
          <span aria-hidden="true">{sort.way ? (sort.way === 'descending' ? ' ↓' : ' ↑') : ''}</span>
        </button>
      ) : isUnseen ? (
        <span className="jp-nbledger-main-unseen">{label}</span>
      ) : (
        label
      )}
    </th>
  );
}
