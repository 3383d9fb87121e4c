// The page's hands: runs once for each part of the page (gradio gives `element`, `trigger`, `watch`).
// What needs no server happens here; a question goes out as "submit", any other act as "select".
// Other people's text is only ever put into textContent.

const begin = () => {
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches ? 'auto' : 'smooth';
  const vouch = {opened: new Set(), picked: new Set(), rated: new Map(), shown: '', stamp: '', calm};
  const body = document.body;
  const byId = id => document.getElementById(id);
  vouch.busy = () => byId('stop') !== null;

  const places = {};
  vouch.view = name => {
    if (name !== body.dataset.view) {
      places[body.dataset.view] = scrollY;
      body.dataset.view = name;
      scrollTo(0, places[name] ?? 0);
    }
    document.querySelectorAll('[role=tab]').forEach(tab => {
      tab.setAttribute('aria-selected', String(tab.dataset.view === name));
      tab.tabIndex = tab.dataset.view === name ? 0 : -1;
    });
    history.replaceState(null, '', location.pathname + location.search + (name === 'shelf' ? '#shelf' : ''));
  };

  vouch.drawer = open => {
    const was = body.dataset.drawer === 'open';
    body.dataset.drawer = open ? 'open' : '';
    byId('drawer-toggle')?.setAttribute('aria-expanded', String(open));
    // What was hidden until now takes no focus before it has been drawn.
    if (open) requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector('#drawer input')?.focus()));
    else if (was) byId('drawer-toggle')?.focus();
  };

  vouch.write = text => {
    const box = document.querySelector('#question textarea');
    if (text !== undefined) {
      box.value = text;
      box.dispatchEvent(new Event('input', {bubbles: true}));
    }
    box.focus();
  };

  vouch.copy = async button => {
    try {
      await navigator.clipboard.writeText(button.dataset.text);
      button.dataset.done = 'Copied';
    } catch {
      button.dataset.done = 'Not copied';
    }
    setTimeout(() => delete button.dataset.done, 1600);
  };

  vouch.openSource = (id, quote) => {
    const source = byId(id);
    if (!source) return;
    for (let fold = source; fold; fold = fold.parentElement?.closest('details')) {
      fold.open = true;
      vouch.opened.add(fold.id);
    }
    const marks = [...source.querySelectorAll('mark')];
    const mark = marks.find(each => quote && each.textContent.includes(quote)) ?? marks[0];
    document.querySelectorAll('mark.here').forEach(each => each.classList.remove('here'));
    mark?.classList.add('here');
    const whole = !mark || source.offsetHeight < innerHeight * 0.6;
    (whole ? source : mark).scrollIntoView({behavior: calm, block: whole ? 'nearest' : 'center'});
    source.querySelector('summary').focus({preventScroll: true});
  };

  // A card beside a chip: whose words, which words, and what was checked.
  const card = document.createElement('div');
  card.id = 'card';
  card.setAttribute('role', 'tooltip');
  card.hidden = true;
  for (const part of ['verdict', 'quote', 'title']) card.append(Object.assign(document.createElement('p'), {className: part}));
  body.append(card);
  let leaving = 0;
  const showCard = chip => {
    clearTimeout(leaving);
    for (const line of card.children) {
      line.textContent = chip.dataset[line.className];
      line.hidden = !line.textContent;
    }
    card.dataset.support = chip.classList[1] ?? '';
    card.hidden = false;
    const at = chip.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left - 16, innerWidth - card.offsetWidth - 8));
    const below = at.bottom + 8 + card.offsetHeight < innerHeight;
    card.style.left = `${left}px`;
    card.style.top = `${below ? at.bottom + 8 : Math.max(8, at.top - 8 - card.offsetHeight)}px`;
    chip.setAttribute('aria-describedby', 'card');
  };
  const hideCard = () => { card.hidden = true; };
  const leaveCard = () => { leaving = setTimeout(hideCard, 150); };
  const chipOf = event => event.target.closest?.('.chip[data-source]');
  document.addEventListener('mouseover', event => {
    if (chipOf(event)) showCard(chipOf(event));
    else if (card.contains(event.target)) clearTimeout(leaving);
    else if (!card.hidden) leaveCard();
  });
  document.addEventListener('focusin', event => (chipOf(event) ? showCard(chipOf(event)) : hideCard()));
  document.addEventListener('scroll', hideCard, {passive: true});

  // What gradio says of itself, which the style hides, is said here in Vouch's words.
  const NOTICES = [
    [/busy|queue/i, 'Too many questions are waiting, so this one was not asked. Ask it again in a minute.'],
    [/connection|network|fetch/i, 'The connection to Vouch is lost. This page opens again by itself once Vouch runs; what was answered is kept under Conversations.'],
    [/./, 'Something went wrong on the way to Vouch. Ask again; if it stays so, look into its terminal.'],
  ];
  const notice = Object.assign(document.createElement('p'), {id: 'notice', hidden: true});
  notice.setAttribute('role', 'alert');
  body.append(notice);
  const overheard = new WeakSet();
  new MutationObserver(() => document.querySelectorAll('.toast-wrap .toast-body.error').forEach(toast => {
    if (overheard.has(toast)) return;
    overheard.add(toast);
    notice.textContent = NOTICES.find(([words]) => words.test(toast.textContent || 'error'))[1];
    notice.hidden = false;
  })).observe(body, {childList: true, subtree: true});
  vouch.hush = () => { notice.hidden = true; };
  notice.addEventListener('click', vouch.hush);

  const closeMenus = but => document.querySelectorAll('details.menu[open]').forEach(menu => {
    if (menu === but || menu.contains(but)) return;
    menu.open = false;
    vouch.opened.delete(menu.id);
  });
  document.addEventListener('click', event => {
    closeMenus(event.target);
    if (body.dataset.drawer === 'open' && !event.target.closest('#drawer, #drawer-toggle')) vouch.drawer(false);
  });

  const writing = target => target.closest?.('input, textarea, select, [contenteditable]');
  const step = event => {
    const list = event.target.closest?.('.sources, .rows, .kept, .examples');
    if (!list || writing(event.target)) return;
    const stops = [...list.querySelectorAll('summary, button.open, button.example')].filter(
      stop => stop.offsetParent && stop.parentElement.className !== 'menu',
    );
    const at = stops.indexOf(event.target) + (event.key === 'ArrowDown' ? 1 : -1);
    if (stops[at]) stops[at].focus();
    event.preventDefault();
  };
  document.addEventListener('keydown', event => {
    if (event.key === '/' && !writing(event.target) && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (body.dataset.view === 'shelf') document.querySelector('#shelf-view input[type=search]')?.focus();
      else vouch.write();
    } else if (event.key === 'Escape') {
      const menu = document.querySelector('details.menu[open]');
      vouch.hush();
      if (!card.hidden) hideCard();
      if (menu) {
        closeMenus(body);
        menu.querySelector('summary').focus();
      } else if (body.dataset.drawer === 'open') vouch.drawer(false);
      else if (vouch.busy()) byId('stop').click();
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') step(event);
    else if (event.target.getAttribute?.('role') === 'tab' && (event.key === 'ArrowRight' || event.key === 'ArrowLeft')) {
      vouch.view(body.dataset.view === 'shelf' ? 'ask' : 'shelf');
      document.querySelector('[role=tab][aria-selected=true]').focus();
    }
  });

  vouch.toldPicks = () => {
    const many = vouch.picked.size;
    document.querySelectorAll('[data-told=picked]').forEach(line => {
      line.textContent = many ? `${many} picked` : 'None picked';
    });
    document.querySelectorAll('.hand .act').forEach(button => {
      button.disabled = many < (button.dataset.act === 'compare' ? 2 : 1);
    });
  };
  vouch.view(location.hash === '#shelf' ? 'shelf' : 'ask');
  return vouch;
};

const vouch = (window.vouch ??= begin());
const part = element.closest('[id]:not([id^=html-])')?.id ?? '';

const ask = told => {
  if (vouch.busy()) return;
  vouch.view('ask');
  trigger('submit', told);
};
const picks = () => [...vouch.picked].join(' ');
const local = {
  view: actor => vouch.view(actor.dataset.view),
  drawer: () => vouch.drawer(document.body.dataset.drawer !== 'open'),
  copy: actor => vouch.copy(actor),
  edit: actor => vouch.write(actor.dataset.question),
  ask: actor => ask({...actor.dataset}),
  compare: () => ask({aim: 'compare', papers: picks()}),
  summarise: () => ask({aim: 'summary', papers: picks()}),
  'pin-picked': () => trigger('select', {act: 'pin', papers: picks()}),
  export: actor => trigger('select', {...actor.dataset, papers: picks()}),
  open: actor => {
    if (vouch.busy()) return;
    vouch.drawer(false);
    trigger('select', {...actor.dataset});
  },
  delete: actor => {
    if (actor.dataset.sure) trigger('select', {...actor.dataset});
    else actor.dataset.sure = 'Really delete?';
  },
  rate: actor => {
    const rating = actor.getAttribute('aria-pressed') === 'true' ? '0' : actor.dataset.rating;
    vouch.rated.set(actor.dataset.anchor, rating);
    settle();
    trigger('select', {...actor.dataset, rating});
  },
  all: actor => {
    element.querySelectorAll('.listed input[data-paper]').forEach(box => {
      actor.checked ? vouch.picked.add(box.dataset.paper) : vouch.picked.delete(box.dataset.paper);
    });
    settle();
  },
};

element.addEventListener('click', event => {
  const summary = event.target.closest('summary');
  if (summary) {
    const fold = summary.parentElement;
    if (fold.id) fold.open ? vouch.opened.delete(fold.id) : vouch.opened.add(fold.id);
  }
  const chip = event.target.closest('button.chip');
  if (chip) vouch.openSource(chip.dataset.source, chip.dataset.quote);
  const actor = event.target.closest('[data-act]');
  if (!actor || actor.disabled) return;
  (local[actor.dataset.act] ?? (() => trigger('select', {...actor.dataset})))(actor);
});

let waiting = 0;
const sent = form => {
  const told = {...form.dataset, act: form.dataset.form, ...Object.fromEntries(new FormData(form))};
  if (told.act === 'scope') told.query = new URLSearchParams([...new FormData(form)].filter(([, value]) => value)).toString();
  trigger('select', told);
};
element.addEventListener('input', event => {
  const form = event.target.closest('form[data-form]');
  if (!form || form.dataset.form === 'rename') return;
  clearTimeout(waiting);
  waiting = setTimeout(() => sent(form), event.target.type === 'search' ? 250 : 0);
});
element.addEventListener('submit', event => {
  event.preventDefault();
  clearTimeout(waiting);
  sent(event.target);
  if (event.target.dataset.form === 'rename') {
    event.target.reset();
    const menu = event.target.closest('details');
    menu.open = false;
    vouch.opened.delete(menu.id);
  }
});
element.addEventListener('change', event => {
  const paper = event.target.dataset?.paper;
  if (!paper) return;
  event.target.checked ? vouch.picked.add(paper) : vouch.picked.delete(paper);
  vouch.toldPicks();
});

// gradio copies attributes onto what stands there, so what the reader opened, ticked and rated is put back.
const settle = () => {
  element.querySelectorAll('details[id]').forEach(fold => { fold.open = vouch.opened.has(fold.id); });
  element.querySelectorAll('input[data-paper]').forEach(box => { box.checked = vouch.picked.has(box.dataset.paper); });
  element.querySelectorAll('form.filters input').forEach(box => { box.checked = box.hasAttribute('checked'); });
  element.querySelectorAll('form.filters select').forEach(list => {
    list.value = list.querySelector('option[selected]')?.value ?? '';
  });
  element.querySelectorAll('[data-act=rate]').forEach(button => {
    const rating = vouch.rated.get(button.dataset.anchor);
    if (rating !== undefined) button.setAttribute('aria-pressed', String(button.dataset.rating === rating));
  });
  if (part === 'shelf-view') vouch.toldPicks();
  if (part === 'masthead') vouch.view(document.body.dataset.view);
  if (part === 'scope') {
    const query = element.querySelector('[data-query]')?.dataset.query;
    if (query !== undefined) history.replaceState(null, '', location.pathname + (query && `?${query}`) + location.hash);
  }
  if (part === 'earlier' && !element.querySelector('.exchange')) vouch.rated.clear();
  if (part === 'current') {
    const latest = element.querySelector('.exchange:last-of-type');
    if (latest && latest.id !== vouch.shown) latest.scrollIntoView({behavior: vouch.calm, block: 'start'});
    vouch.shown = latest?.id ?? '';
  }
  if (part === 'courier') {
    const order = element.querySelector('[data-order]')?.dataset;
    if (!order || order.stamp === vouch.stamp) return;
    vouch.stamp = order.stamp;
    if (order.order === 'ask') {
      vouch.view('ask');
      vouch.write();
    } else {
      const url = URL.createObjectURL(new Blob([JSON.parse(order.text)], {type: order.media}));
      Object.assign(document.createElement('a'), {href: url, download: order.name}).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
    }
  }
};
watch('value', settle);
settle();
