// Functions of Array.prototype, and String.raw, for what the engine's own forms would walk without ever
// looking at the clock: objects that only look like arrays, proxies, arrays of enormous length.
// ECMA-262 23.1.3 and 22.1.2.4; of species, only that of true arrays is respected.
"use strict";
(() => {
  const object = (value) => {
    if (value === undefined || value === null) throw new TypeError("cannot convert to object");
    return Object(value);
  };
  const integer = (value) => {
    const number = Math.trunc(+value);
    return number === number ? number + 0 : 0;
  };
  const lengthOf = (o) => {
    const length = integer(o.length);
    return length <= 0 ? 0 : length > Number.MAX_SAFE_INTEGER ? Number.MAX_SAFE_INTEGER : length;
  };
  const relative = (value, length, missing) => {
    const index = value === undefined ? missing : integer(value);
    return index < 0 ? (length + index < 0 ? 0 : length + index) : index > length ? length : index;
  };
  const checked = (length) => {
    if (length > Number.MAX_SAFE_INTEGER) throw new TypeError("Array too long");
    return length;
  };
  const create = (o, length) => {
    if (Array.isArray(o)) {
      const constructor = o.constructor;
      const species = constructor === undefined || constructor === null ? undefined : constructor[Symbol.species];
      if (species !== undefined && species !== null && species !== Array) return new species(length);
    }
    if (length > 4294967295) throw new RangeError("invalid array length");
    return [];
  };
  const define = (o, key, value) => {
    Object.defineProperty(o, key, { value, writable: true, enumerable: true, configurable: true });
  };
  const remove = (o, key) => {
    if (!Reflect.deleteProperty(o, key)) throw new TypeError("could not delete property");
  };
  const move = (o, from, to) => {
    if (from in o) o[to] = o[from];
    else remove(o, to);
  };
  const joined = (o, length, separator, text) => {
    let result = "";
    for (let i = 0; i < length; i++) {
      if (i > 0) result += separator;
      const value = o[i];
      if (value !== undefined && value !== null) result += text(value);
    }
    return result;
  };
  const flatten = (target, source, depth, at) => {
    const length = lengthOf(source);
    for (let i = 0; i < length; i++) {
      if (!(i in source)) continue;
      const value = source[i];
      if (depth > 0 && Array.isArray(value)) at = flatten(target, value, depth - 1, at);
      else define(target, at++, value);
    }
    return at;
  };
  const merge = (list, before) => {
    let width = 1;
    let from = list;
    while (width < from.length) {
      const to = [];
      for (let start = 0; start < from.length; start += 2 * width) {
        const middle = start + width < from.length ? start + width : from.length;
        const end = start + 2 * width < from.length ? start + 2 * width : from.length;
        let left = start;
        let right = middle;
        for (let at = start; at < end; at++) {
          const takeLeft = left < middle && (right >= end || before(from[left], from[right]));
          define(to, at, takeLeft ? from[left++] : from[right++]);
        }
      }
      from = to;
      width *= 2;
    }
    return from;
  };

  return {
    concat(...items) {
      const o = object(this);
      const result = create(o, 0);
      let at = 0;
      for (let k = -1; k < items.length; k++) {
        const item = k < 0 ? o : items[k];
        let spread = false;
        if (item !== null && (typeof item === "object" || typeof item === "function")) {
          const wish = item[Symbol.isConcatSpreadable];
          spread = wish === undefined ? Array.isArray(item) : !!wish;
        }
        if (spread) {
          const length = lengthOf(item);
          checked(at + length);
          for (let i = 0; i < length; i++, at++) {
            if (i in item) define(result, at, item[i]);
          }
        } else {
          define(result, at++, item);
        }
      }
      result.length = at;
      return result;
    },
    copyWithin(target, start, end) {
      const o = object(this);
      const length = lengthOf(o);
      let to = relative(target, length, 0);
      let from = relative(start, length, 0);
      const last = relative(end, length, length);
      let count = last - from < length - to ? last - from : length - to;
      const step = from < to && to < from + count ? -1 : 1;
      if (step < 0) {
        from += count - 1;
        to += count - 1;
      }
      for (; count > 0; count--, from += step, to += step) move(o, from, to);
      return o;
    },
    fill(value, start, end) {
      const o = object(this);
      const length = lengthOf(o);
      const last = relative(end, length, length);
      for (let i = relative(start, length, 0); i < last; i++) o[i] = value;
      return o;
    },
    flat(depth) {
      const o = object(this);
      const levels = depth === undefined ? 1 : integer(depth);
      const result = create(o, 0);
      flatten(result, o, levels, 0);
      return result;
    },
    join(separator) {
      const o = object(this);
      const length = lengthOf(o);
      return joined(o, length, separator === undefined ? "," : `${separator}`, (value) => `${value}`);
    },
    raw(template, ...values) {
      const literals = object(object(template).raw);
      const length = lengthOf(literals);
      let result = "";
      for (let i = 0; i < length; i++) {
        result += `${literals[i]}`;
        if (i + 1 < length && i < values.length) result += `${values[i]}`;
      }
      return result;
    },
    reverse() {
      const o = object(this);
      const length = lengthOf(o);
      for (let low = 0, high = length - 1; low < high; low++, high--) {
        const hasLow = low in o;
        const lowValue = hasLow ? o[low] : undefined;
        const hasHigh = high in o;
        const highValue = hasHigh ? o[high] : undefined;
        if (hasHigh) o[low] = highValue;
        else if (hasLow) remove(o, low);
        if (hasLow) o[high] = lowValue;
        else if (hasHigh) remove(o, high);
      }
      return o;
    },
    shift() {
      const o = object(this);
      const length = lengthOf(o);
      if (length === 0) {
        o.length = 0;
        return undefined;
      }
      const first = o[0];
      for (let i = 1; i < length; i++) move(o, i, i - 1);
      remove(o, length - 1);
      o.length = length - 1;
      return first;
    },
    slice(start, end) {
      const o = object(this);
      const length = lengthOf(o);
      const first = relative(start, length, 0);
      const last = relative(end, length, length);
      const count = last > first ? last - first : 0;
      const result = create(o, count);
      for (let i = 0; i < count; i++) {
        if (first + i in o) define(result, i, o[first + i]);
      }
      result.length = count;
      return result;
    },
    sort(comparator) {
      if (comparator !== undefined && typeof comparator !== "function") throw new TypeError("not a function");
      const o = object(this);
      const length = lengthOf(o);
      const present = [];
      let undefineds = 0;
      for (let i = 0; i < length; i++) {
        if (!(i in o)) continue;
        const value = o[i];
        if (value === undefined) undefineds++;
        else define(present, present.length, value);
      }
      const before =
        comparator === undefined ? (a, b) => !(`${b}` < `${a}`) : (a, b) => !(+comparator(a, b) > 0);
      const sorted = merge(present, before);
      let at = 0;
      for (; at < sorted.length; at++) o[at] = sorted[at];
      const total = at + undefineds;
      for (; at < total; at++) o[at] = undefined;
      for (; at < length; at++) if (at in o) remove(o, at);
      return o;
    },
    splice(start, deleteCount, ...items) {
      const o = object(this);
      const length = lengthOf(o);
      const first = relative(start, length, 0);
      let count = 0;
      if (arguments.length === 1) count = length - first;
      else if (arguments.length > 1) {
        count = integer(deleteCount);
        count = count < 0 ? 0 : count > length - first ? length - first : count;
      }
      const after = checked(length + items.length - count);
      const removed = create(o, count);
      for (let i = 0; i < count; i++) {
        if (first + i in o) define(removed, i, o[first + i]);
      }
      removed.length = count;
      if (items.length < count) {
        for (let i = first; i < length - count; i++) move(o, i + count, i + items.length);
        for (let i = length; i > after; i--) remove(o, i - 1);
      } else if (items.length > count) {
        for (let i = length - count; i > first; i--) move(o, i + count - 1, i + items.length - 1);
      }
      for (let i = 0; i < items.length; i++) o[first + i] = items[i];
      o.length = after;
      return removed;
    },
    toLocaleString() {
      const o = object(this);
      return joined(o, lengthOf(o), ",", (value) => `${value.toLocaleString()}`);
    },
    unshift(...items) {
      const o = object(this);
      const length = lengthOf(o);
      const after = checked(length + items.length);
      if (items.length > 0) {
        for (let i = length; i > 0; i--) move(o, i - 1, i + items.length - 1);
        for (let i = 0; i < items.length; i++) o[i] = items[i];
      }
      o.length = after;
      return after;
    },
  };
})();
