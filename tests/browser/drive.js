// Put at the end of a page under test: does what people do, and writes what came of it as lines of TAP
// into <pre id="results">.
'use strict';
{
  const lines = [];
  const check = (name, ok, found) => lines.push(ok ? `ok - page: ${name}` : `not ok - page: ${name}: ${found}`);
  const place_ = () => [view.x, view.y, view.scale].join(' ');
  const fire = (target, type, more) => target.dispatchEvent(
    new (type.startsWith('pointer') ? PointerEvent : type === 'wheel' ? WheelEvent : type === 'keydown' ? KeyboardEvent : MouseEvent)(
      type, { bubbles: true, cancelable: true, pointerId: 1, ...more }));
  const changes = (name, act) => { const before = place_(); act(); check(name, place_() !== before, before); };
  const press = key => fire(document.body, 'keydown', { key });
  const nodes = () => [...stage.querySelectorAll(boxNode)];
  const fillOf = node => getComputedStyle(node.querySelector('path[fill], polygon[fill]')).fill;
  const tab = name => [...at('tabs').children].find(b => b.textContent === name);
  const boxed = test => nodes().find(n => test(boxOf(n) || {}));

  function drive() {
    check('asks the network for nothing', performance.getEntriesByType('resource').length === 0,
      performance.getEntriesByType('resource').map(e => e.name).join(' '));
    check('shows a drawing', nodes().length > 0, stage.innerHTML.slice(0, 80));
    const wheel = more => fire(stage, 'wheel', { deltaY: -200, clientX: 500, clientY: 300, ...more });
    let scale = view.scale;
    changes('the wheel moves', () => wheel({}));
    check('and zooms nothing', view.scale === scale, view.scale);
    changes('with Ctrl it zooms', () => wheel({ ctrlKey: true }));
    check('to what is larger', view.scale > scale, view.scale);
    changes('dragging moves', () => {
      stage.setPointerCapture = () => {}; // of a pointer that is there
      fire(stage, 'pointerdown', { clientX: 500, clientY: 300 });
      fire(stage, 'pointermove', { clientX: 560, clientY: 350 });
      fire(stage, 'pointerup', {});
      drag = null;
    });
    scale = view.scale;
    changes('two pointers pinch', () => {
      fire(stage, 'pointerdown', { clientX: 500, clientY: 300 });
      fire(stage, 'pointerdown', { clientX: 600, clientY: 300, pointerId: 2 });
      fire(stage, 'pointermove', { clientX: 800, clientY: 300, pointerId: 2 });
      fire(stage, 'pointerup', { pointerId: 2 });
      fire(stage, 'pointerup', {});
      drag = null;
    });
    check('by as much as they part', Math.abs(view.scale / scale - 3) < 0.01, view.scale / scale);
    changes('+ zooms in', () => press('+'));
    changes('- zooms out', () => press('-'));
    changes('arrows move', () => press('ArrowDown'));
    changes('0 fits', () => press('0'));
    press('?');
    check('? tells the keys', at('details').textContent.includes('zoom'), at('details').textContent);
    press('Escape');
    check('Escape closes that', !at('details').classList.contains('open'), at('details').className);
    press('/');
    check('/ goes to the search', document.activeElement === at('search'), document.activeElement.id);
    at('search').blur();
    const box = nodes()[1];
    box.focus();
    check('boxes can be reached by keys', document.activeElement === box, document.activeElement.tagName);
    fire(box, 'keydown', { key: 'Enter' });
    check('and Enter tells of them', at('details').classList.contains('open'), at('details').className);
    at('details').classList.remove('open');

    for (const name of ['parts', 'layers', 'ops']) {
      tab(name).click();
      check(`the view of ${name}`, tab(name).getAttribute('aria-pressed') === 'true' && nodes().length > 0, nodes().length);
    }

    tab('parts').click();
    const cut = boxed(b => b.facts && b.facts.some(f => f[0] === 'crosses'));
    if (cut) {
      fire(cut, 'click', {});
      check('a cut tells what crosses it, from where to where', /made by part \d+, last read by part \d+/.test(at('details').textContent), at('details').textContent);
      check('and is marked', cut.classList.contains('picked'), cut.className.baseVal);
      press('Escape');
    }

    tab('layers').click();
    const wanted = nodes().map(n => linesOf(n)[0]).find(t => t.length > 2);
    at('search').value = wanted.toUpperCase();
    at('search').dispatchEvent(new Event('input'));
    check('search marks by name', stage.querySelectorAll('.hit').length > 0 && at('count').textContent !== '', wanted);
    at('search').value = nodes().map(n => linesOf(n)[0]).find(t => t).slice(0, 1);
    at('search').dispatchEvent(new Event('input'));
    changes('Enter goes to the next hit', () => {
      for (let i = 0; i < 2; i++) fire(at('search'), 'keydown', { key: 'Enter' });
    });
    check('and tells of it', at('details').classList.contains('open'), at('details').className);
    at('search').value = 'no such name anywhere';
    at('search').dispatchEvent(new Event('input'));
    check('search finds nothing where there is nothing', stage.querySelectorAll('.hit').length === 0, at('count').textContent);
    at('search').value = '';
    at('search').dispatchEvent(new Event('input'));

    const light = fillOf(nodes().find(n => boxOf(n) && boxOf(n).heat));
    const text = getComputedStyle(stage.querySelector('g.node text')).fill;
    at('theme').click();
    check('the theme changes the drawing', fillOf(nodes().find(n => boxOf(n) && boxOf(n).heat)) !== light, light);
    check('the theme changes its text', getComputedStyle(stage.querySelector('g.node text')).fill !== text, text);
    at('theme').click();
    check('and back', fillOf(nodes().find(n => boxOf(n) && boxOf(n).heat)) === light, light);

    const hot = [...at('by').options].map(o => o.value);
    check('boxes can be coloured by weights', hot.includes('1'), hot.join());
    const fills = () => new Set(nodes().filter(n => boxOf(n) && boxOf(n).heat).map(n => n.querySelector('path[fill], polygon[fill]').getAttribute('fill')));
    at('by').value = '1';
    at('by').onchange();
    check('heat paints the hottest', fills().has(data.theme.steps[data.theme.steps.length - 1]), [...fills()].join());
    check('and says how hot that is', at('scale').classList.contains('open') && /up to \d/.test(at('scale').textContent), at('scale').textContent);
    at('by').value = '0';
    at('by').onchange();
    check('and leaves kinds as they were', !fills().has(data.theme.steps[data.theme.steps.length - 1]), [...fills()].join());

    const opens = b => b.page !== null && b.page !== undefined;
    for (const name of ['layers', 'parts']) if (!boxed(opens)) tab(name).click();
    const module = boxed(opens), before = view.page;
    fire(module, 'dblclick', {});
    check('a double click unfolds', view.page !== before && nodes().length > 0, view.page);
    check('crumbs tell where', at('crumbs').textContent.includes('›'), at('crumbs').textContent);
    press('Escape');
    check('Escape folds', view.page === before, view.page);

    const open = () => [...at('tree').querySelectorAll('li:not(.folded)')].length;
    const unsearched = open(), names = [...at('tree').querySelectorAll('li > div')];
    at('search').value = names[names.length - 1].title;
    at('search').dispatchEvent(new Event('input'));
    check('search unfolds the tree', names[names.length - 1].classList.contains('found') && open() >= unsearched, open());
    at('search').value = '';
    at('search').dispatchEvent(new Event('input'));
    check('which folds again', open() === unsearched, open());
    const rows = [...at('tree').querySelectorAll('[tabindex="0"]')];
    check('the tree is one stop for Tab', rows.length === 1, rows.length);
    rows[0].focus();
    fire(rows[0], 'keydown', { key: 'ArrowDown' });
    check('arrows move in it', document.activeElement !== rows[0] && document.activeElement.tabIndex === 0, document.activeElement.tagName);
    document.activeElement.blur();
    const fold = at('tree').querySelector('.twist');
    const folded = () => at('tree').querySelector('li').classList.contains('folded');
    const was = folded();
    fold.click();
    check('the tree folds', folded() !== was, was);
    fold.click();
    check('the tree unfolds', folded() === was, was);

    tab('ops').click();
    let told = [];
    for (const p of data.pages) {
      show(data.pages.indexOf(p));
      const operator = boxed(b => b.facts && b.facts.some(f => f[0] === 'attribute'));
      if (!operator) continue;
      fire(operator, 'click', {});
      told = [...at('details').querySelectorAll('dt')].map(e => e.textContent);
      break;
    }
    check('a click shows attributes', at('details').classList.contains('open') && told.includes('attribute'), told.join());

    if (data.overlay) {
      tab('layers').click();
      const cut = stage.querySelector(`[stroke="${data.theme.other}"]`) || stage.querySelector(`[stroke="${data.theme.both}"]`);
      const stroke = () => getComputedStyle(cut).stroke;
      const shown = cut && stroke();
      at('overlay').click();
      check('the other plan can be taken away', cut && stroke() !== shown, shown);
      at('overlay').click();
      check('and laid over again', cut && stroke() === shown, shown);
    }
    if (data.timeline) {
      const slices = [...at('lanes').querySelectorAll('rect[data-part]')];
      check('the timeline stands beside the graph', at('lanes').classList.contains('open') && slices.length > 0, slices.length);
      tab('layers').click();
      const last = slices.reduce((a, b) => Number(a.dataset.part) > Number(b.dataset.part) ? a : b);
      fire(last, 'click', {});
      check('a slice leads to its part', stage.querySelectorAll('.of-slice').length === 1, stage.querySelectorAll('.of-slice').length);
      check('and marks all of its slices', at('lanes').querySelectorAll('.of-part').length > 0, 0);
    }
  }

  try { drive(); } catch (e) { check('the script comes to its end', false, e.stack); }
  for (let p = 0; p < data.pages.length; p++) show(p);
  check('every page can be shown', nodes().length > 0, nodes().length);
  check('nothing came from names', document.querySelectorAll('script').length === 4 && !window.owned, document.querySelectorAll('script').length);
  check('no errors', problems.length === 0, problems.join('; '));
  const pre = document.createElement('pre');
  pre.id = 'results';
  pre.textContent = `\n@BEGIN\n${lines.join('\n').replace(/[<&]/g, '?')}\n@END\n`;
  document.body.replaceChildren(pre);
}
