'use strict';
const points = 120;
const byId = id => document.getElementById(id);
const make = (tag, parent, values = {}) => parent.appendChild(Object.assign(document.createElement(tag), values));
const say = text => { byId('status').textContent = text; };

async function ask(path, options = {}) {
  return fetch(path, { cache: 'no-store', signal: AbortSignal.timeout(15000), ...options });
}

async function act(what, path, options) {
  say(`${what} …`);
  try {
    const answer = await ask(path, options);
    say(answer.ok ? `${what}: done.` : `${what}: ${(await answer.json()).detail}`);
  } catch (error) {
    say(`${what}: ${error.message}`);
  }
  await refresh();
}

// Silos. Elements are made once and then changed, so that the keyboard's place is not lost.
const silos = new Map();
function showSilos(list) {
  const local = list.filter(silo => silo.local).length;
  for (const silo of list) {
    let card = silos.get(silo.silo);
    if (!card) {
      const box = make('div', byId('silos'), { className: 'card', id: `silo-${silo.silo}` });
      const head = make('h3', box);
      make('span', head, { textContent: silo.silo });
      card = { state: make('span', head), text: make('p', box), address: make('p', box, { className: 'hint' }) };
      if (silo.local && local > 1) {
        card.button = make('button', box, { type: 'button' });
        card.button.onclick = () => {
          const verb = card.button.dataset.verb;
          act(`${verb} ${silo.silo}`, `/raft/silos/${encodeURIComponent(silo.silo)}/${verb}`, { method: 'POST' });
        };
      }
      silos.set(silo.silo, card);
    }
    card.state.textContent = silo.status;
    card.state.className = `state ${silo.status === 'active' ? 'active' : ''}`;
    card.text.textContent = `leads ${silo.leads} of ${silo.replicas} groups${silo.waits ? `; waits: ${silo.waits}` : ''}`;
    card.address.textContent = silo.address ?? '';
    if (card.button) {
      const verb = silo.status === 'stopped' ? 'start' : 'stop';
      card.button.dataset.verb = verb;
      card.button.textContent = `${verb === 'stop' ? 'Stop' : 'Start'} ${silo.silo}`;
    }
  }
}

// Groups.
const groups = new Map();
const columns = [];
function showGroups(list) {
  for (const name of new Set(list.flatMap(group => group.replicas.map(replica => replica.silo)))) {
    if (!columns.includes(name)) {
      columns.push(name);
      columns.sort();
      byId('group-heads').replaceChildren();
      byId('groups').replaceChildren();
      groups.clear();
    }
  }
  if (!byId('group-heads').childElementCount) {
    for (const head of ['group', 'leader', 'term', 'commit', ...columns]) {
      make('th', byId('group-heads'), { textContent: head, scope: 'col' });
    }
  }
  for (const group of list) {
    let row = groups.get(group.group);
    if (!row) {
      const line = make('tr', byId('groups'));
      make('th', line, { textContent: group.group, scope: 'row' });
      row = { leader: make('td', line), term: make('td', line), commit: make('td', line), cells: new Map() };
      for (const silo of columns) {
        const button = make('button', make('td', line), { type: 'button' });
        button.onclick = () => act(`${silo} leads ${group.group}`,
          `/raft/groups/${encodeURIComponent(group.group)}/leader/${encodeURIComponent(silo)}`, { method: 'POST' });
        row.cells.set(silo, button);
      }
      groups.set(group.group, row);
    }
    row.leader.textContent = group.leader ?? 'none';
    row.term.textContent = group.term;
    row.commit.textContent = group.commit;
    for (const silo of columns) {
      const replica = group.replicas.find(each => each.silo === silo);
      const button = row.cells.get(silo);
      const away = replica?.role === 'unknown';
      button.hidden = !replica;
      button.disabled = !replica || away || silo === group.leader;
      button.className = silo === group.leader ? 'leader' : away ? 'away' : '';
      button.textContent = !replica ? '' : away ? 'away' : `${silo === group.leader ? 'leads' : `lag ${replica.lag}`} · ${replica.match}`;
      button.setAttribute('aria-label', `${group.group} on ${silo}: ${replica?.role}, ${replica?.state}; make it lead`);
    }
  }
}

// Figures of this process, out of what Prometheus would get.
const figures = [
  { title: 'Writes', unit: '/s', metric: 'orleans_raft_proposal_latency_milliseconds', rate: true },
  { title: 'Reads', unit: '/s', metric: 'orleans_raft_read_latency_milliseconds', rate: true },
  { title: 'Commit', unit: 'ms', metric: 'orleans_raft_commit_latency_milliseconds' },
  { title: 'Log write with fsync', unit: 'ms', metric: 'orleans_raft_log_write_latency_milliseconds' },
].map(figure => ({ ...figure, past: null, low: [], high: [] }));

function histogram(text, metric) {
  const buckets = new Map();
  let count = 0;
  for (const line of text.split('\n')) {
    const match = line.startsWith(metric) && /^\w+?_(bucket|count)\{(.*)\} (\S+)$/.exec(line);
    if (match && match[1] === 'count') {
      count += Number(match[3]);
    } else if (match) {
      const bound = Number(/le="([^"]*)"/.exec(match[2])[1].replace('+Inf', 'Infinity'));
      buckets.set(bound, (buckets.get(bound) ?? 0) + Number(match[3]));
    }
  }
  return { count, buckets, at: performance.now() };
}

function quantile(now, past, share) {
  const wanted = (now.count - past.count) * share;
  let [below, lower] = [0, 0];
  for (const [bound, total] of [...now.buckets].sort((x, y) => x[0] - y[0])) {
    const upTo = total - (past.buckets.get(bound) ?? 0);
    if (upTo >= wanted) {
      return bound === Infinity ? lower : lower + (bound - lower) * (upTo === below ? 1 : (wanted - below) / (upTo - below));
    }
    [below, lower] = [upTo, bound];
  }
  return lower;
}

const add = (list, value) => { list.push(value); if (list.length > points) { list.shift(); } };
const round = value => value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
const line = (list, top) => list.map((value, i) => `${(points - list.length + i).toFixed(0)},${(40 - 38 * value / top).toFixed(1)}`).join(' ');

function showFigures(text) {
  for (const figure of figures) {
    if (!figure.text) {
      const box = make('div', byId('figures'), { className: 'card' });
      make('h3', box, { textContent: figure.title });
      figure.text = make('p', box, { className: 'figure', textContent: '–' });
      box.insertAdjacentHTML('beforeend', `<svg viewBox="0 0 ${points} 40" preserveAspectRatio="none" aria-hidden="true"><polyline class="high"/><polyline/></svg>`);
      [figure.upper, figure.line] = box.querySelectorAll('polyline');
    }
    const now = histogram(text, figure.metric);
    const past = figure.past;
    figure.past = now;
    if (!past) {
      continue;
    }
    const isIdle = now.count <= past.count;
    const rate = 1000 * Math.max(0, now.count - past.count) / (now.at - past.at);
    add(figure.low, figure.rate ? rate : isIdle ? 0 : quantile(now, past, 0.5));
    add(figure.high, figure.rate ? rate : isIdle ? 0 : quantile(now, past, 0.99));
    figure.text.textContent = figure.rate ? `${round(rate)} ${figure.unit}`
      : isIdle ? 'idle' : `median ${round(figure.low.at(-1))}, 99 % ${round(figure.high.at(-1))} ${figure.unit}`;
    const top = Math.max(1, ...figure.high);
    figure.line.setAttribute('points', line(figure.low, top));
    figure.upper.setAttribute('points', figure.rate ? '' : line(figure.high, top));
  }
}

// Keys.
const keyPath = () => `/kv/${encodeURIComponent(byId('key').value)}`;
async function onKey(verb, options, tell) {
  if (!byId('keys').reportValidity()) {
    return;
  }
  const answer = byId('answer');
  answer.textContent = `${verb} …`;
  const start = performance.now();
  try {
    const response = await ask(keyPath(), options);
    const took = `${(performance.now() - start).toFixed(0)} ms`;
    answer.textContent = response.ok ? `${await tell(response)} (${took})`
      : `${response.status}: ${(await response.json()).detail} (${took})`;
  } catch (error) {
    answer.textContent = `${verb}: ${error.message}`;
  }
}
byId('keys').onsubmit = event => {
  event.preventDefault();
  onKey('put', { method: 'PUT', body: byId('value').value }, response => `stored on a majority, ETag ${response.headers.get('ETag')}`);
};
byId('get').onclick = () => onKey('get', {}, response => response.text());
byId('delete').onclick = () => onKey('delete', { method: 'DELETE' }, () => 'deleted');

async function refresh() {
  const [silosAnswer, groupsAnswer, metrics] = await Promise.all([ask('/raft/silos'), ask('/raft/groups'), ask('/metrics')]);
  showFigures(await metrics.text());
  if (!silosAnswer.ok || !groupsAnswer.ok) {
    say(`No answer from the cluster: ${(await (silosAnswer.ok ? groupsAnswer : silosAnswer).json()).detail}`);
    return;
  }
  const groupList = await groupsAnswer.json();
  showSilos(await silosAnswer.json());
  showGroups(groupList);
  const headless = groupList.filter(group => !group.leader).length;
  const text = headless ? `${headless} of ${groupList.length} groups have no leader.` : `${groupList.length} groups, each has a leader.`;
  if (!byId('status').textContent.endsWith('…')) {
    say(text);
  }
}

async function live() {
  try {
    await refresh();
  } catch (error) {
    say(`This process does not answer: ${error.message}`);
  }
  setTimeout(live, 1000);
}
say('Asking');
live();
