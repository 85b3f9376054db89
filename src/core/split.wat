;; Finds every separator and line end of delimited text, and writes fields of it as COPY text, sixteen bytes at
;; a time (see split.ts). `npm run docs` makes split-program.ts of it.
;;
;; The text lies at 0, followed by sixteen bytes that are none of its own. Four-byte numbers are written
;; behind it, at addresses that the caller chooses.
(module
  (memory (export "memory") 1)
  (global $lineCount (export "lineCount") (mut i32) (i32.const 0))
  (global $fencesEnd (export "fencesEnd") (mut i32) (i32.const 0))
  ;; fences  for each line of `fields` fields: where its first field begins less 1, each separator, the end
  ;; lines   for each line that is not blank: where it begins, its number from 0, its fields
  ;; Gives where the last of `lines` ends.
  (func (export "split")
    (param $length i32) (param $separator i32) (param $fields i32) (param $fences i32) (param $lines i32)
    (result i32)
    (local $separators v128) (local $newlines v128) (local $block v128) (local $ends v128)
    (local $at i32) (local $marks i32) (local $endMarks i32) (local $position i32) (local $bit i32)
    (local $first i32) (local $cursor i32) (local $start i32) (local $line i32) (local $end i32) (local $count i32)
    (local.set $separators (i8x16.splat (local.get $separator)))
    (local.set $newlines (i8x16.splat (i32.const 10)))
    (local.set $first (local.get $fences))
    (i32.store (local.get $first) (i32.const -1))
    (local.set $cursor (i32.add (local.get $first) (i32.const 4)))
    (block $done
      (loop $blocks
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $block (v128.load (local.get $at)))
        (local.set $marks (i8x16.bitmask (i8x16.eq (local.get $block) (local.get $separators))))
        (local.set $endMarks (i8x16.bitmask (i8x16.eq (local.get $block) (local.get $newlines))))
        (if (i32.eqz (local.get $endMarks))
          (then
            (local.set $position (local.get $cursor))
            (local.set $cursor (i32.add (local.get $cursor) (i32.shl (i32.popcnt (local.get $marks)) (i32.const 2))))
            ;; Four are written whatever there is: that costs less than to ask how many.
            (loop $four
              (i32.store (local.get $position) (i32.add (local.get $at) (i32.ctz (local.get $marks))))
              (local.set $marks (i32.and (local.get $marks) (i32.sub (local.get $marks) (i32.const 1))))
              (i32.store offset=4 (local.get $position) (i32.add (local.get $at) (i32.ctz (local.get $marks))))
              (local.set $marks (i32.and (local.get $marks) (i32.sub (local.get $marks) (i32.const 1))))
              (i32.store offset=8 (local.get $position) (i32.add (local.get $at) (i32.ctz (local.get $marks))))
              (local.set $marks (i32.and (local.get $marks) (i32.sub (local.get $marks) (i32.const 1))))
              (i32.store offset=12 (local.get $position) (i32.add (local.get $at) (i32.ctz (local.get $marks))))
              (local.set $marks (i32.and (local.get $marks) (i32.sub (local.get $marks) (i32.const 1))))
              (local.set $position (i32.add (local.get $position) (i32.const 16)))
              (br_if $four (local.get $marks))))
          (else
            (local.set $marks (i32.or (local.get $marks) (local.get $endMarks)))
            (loop $each
              (local.set $bit (i32.ctz (local.get $marks)))
              (local.set $position (i32.add (local.get $at) (local.get $bit)))
              (local.set $marks (i32.and (local.get $marks) (i32.sub (local.get $marks) (i32.const 1))))
              (if (i32.and (i32.shr_u (local.get $endMarks) (local.get $bit)) (i32.const 1))
                (then
                  (local.set $end (local.get $position))
                  (if (i32.gt_s (local.get $position) (local.get $start))
                    (then (local.set $end (i32.sub (local.get $position)
                      (i32.eq (i32.load8_u (i32.sub (local.get $position) (i32.const 1))) (i32.const 13))))))
                  (if (i32.gt_s (local.get $end) (local.get $start))
                    (then
                      (local.set $count (i32.shr_u (i32.sub (local.get $cursor) (local.get $first)) (i32.const 2)))
                      (i32.store (local.get $lines) (local.get $start))
                      (i32.store offset=4 (local.get $lines) (local.get $line))
                      (i32.store offset=8 (local.get $lines) (local.get $count))
                      (local.set $lines (i32.add (local.get $lines) (i32.const 12)))
                      (if (i32.eq (local.get $count) (local.get $fields))
                        (then
                          (i32.store (local.get $cursor) (local.get $end))
                          (local.set $first (i32.add (local.get $cursor) (i32.const 4)))))))
                  (i32.store (local.get $first) (local.get $position))
                  (local.set $cursor (i32.add (local.get $first) (i32.const 4)))
                  (local.set $start (i32.add (local.get $position) (i32.const 1)))
                  (local.set $line (i32.add (local.get $line) (i32.const 1))))
                (else
                  (i32.store (local.get $cursor) (local.get $position))
                  (local.set $cursor (i32.add (local.get $cursor) (i32.const 4)))))
              (br_if $each (local.get $marks)))))
        (local.set $at (i32.add (local.get $at) (i32.const 16)))
        (br $blocks)))
    (global.set $lineCount (local.get $line))
    (global.set $fencesEnd (local.get $first))
    (local.get $lines))
  ;; rows    numbers of the rows that are wanted
  ;; fields  numbers of the fields that are wanted, times 4
  ;; stride  bytes of a row's fences
  ;; places  for each row of the text, wanted or not: where its part of `out` begins and ends
  ;; out     behind each field a tab; up to sixteen bytes more are written than it has
  ;; Gives where `out` ends.
  (func (export "copy")
    (param $rows i32) (param $rowsEnd i32) (param $fields i32) (param $fieldsEnd i32)
    (param $fences i32) (param $stride i32) (param $places i32) (param $out i32)
    (result i32)
    (local $spaces v128) (local $backslashes v128) (local $block v128)
    (local $row i32) (local $place i32) (local $field i32) (local $fence i32)
    (local $at i32) (local $end i32) (local $left i32) (local $marks i32) (local $byte i32) (local $letter i32)
    (local.set $spaces (i8x16.splat (i32.const 32)))
    (local.set $backslashes (i8x16.splat (i32.const 92)))
    (block $rowsDone
      (loop $eachRow
        (br_if $rowsDone (i32.ge_u (local.get $rows) (local.get $rowsEnd)))
        (local.set $row (i32.load (local.get $rows)))
        (local.set $rows (i32.add (local.get $rows) (i32.const 4)))
        (local.set $place (i32.add (local.get $places) (i32.shl (local.get $row) (i32.const 3))))
        (i32.store (local.get $place) (local.get $out))
        (local.set $field (local.get $fields))
        (loop $eachField
          (local.set $fence (i32.add
            (i32.add (local.get $fences) (i32.mul (local.get $row) (local.get $stride)))
            (i32.load (local.get $field))))
          (local.set $field (i32.add (local.get $field) (i32.const 4)))
          (local.set $at (i32.add (i32.load (local.get $fence)) (i32.const 1)))
          (local.set $end (i32.load offset=4 (local.get $fence)))
          (if (i32.ge_s (local.get $at) (local.get $end))
            (then
              ;; \N and a tab
              (i32.store (local.get $out) (i32.const 0x00094e5c))
              (local.set $out (i32.add (local.get $out) (i32.const 3))))
            (else
              (block $fieldDone
                (loop $blocks
                  (local.set $block (v128.load (local.get $at)))
                  (v128.store (local.get $out) (local.get $block))
                  (local.set $left (i32.sub (local.get $end) (local.get $at)))
                  ;; Controls and backslashes.
                  (local.set $marks (i8x16.bitmask (v128.or
                    (i8x16.lt_u (local.get $block) (local.get $spaces))
                    (i8x16.eq (local.get $block) (local.get $backslashes)))))
                  (if (i32.lt_s (local.get $left) (i32.const 16))
                    (then (local.set $marks (i32.and (local.get $marks)
                      (i32.sub (i32.shl (i32.const 1) (local.get $left)) (i32.const 1))))))
                  (if (i32.eqz (local.get $marks))
                    (then
                      (if (i32.le_s (local.get $left) (i32.const 16))
                        (then
                          (local.set $out (i32.add (local.get $out) (local.get $left)))
                          (br $fieldDone)))
                      (local.set $out (i32.add (local.get $out) (i32.const 16)))
                      (local.set $at (i32.add (local.get $at) (i32.const 16)))
                      (br $blocks)))
                  (local.set $marks (i32.ctz (local.get $marks)))
                  (local.set $out (i32.add (local.get $out) (local.get $marks)))
                  (local.set $at (i32.add (local.get $at) (local.get $marks)))
                  (local.set $byte (i32.load8_u (local.get $at)))
                  (local.set $at (i32.add (local.get $at) (i32.const 1)))
                  (local.set $letter (i32.const 0))
                  (if (i32.eq (local.get $byte) (i32.const 92)) (then (local.set $letter (i32.const 92))))
                  (if (i32.eq (local.get $byte) (i32.const 9)) (then (local.set $letter (i32.const 116))))
                  (if (i32.eq (local.get $byte) (i32.const 13)) (then (local.set $letter (i32.const 114))))
                  (if (local.get $letter)
                    (then
                      (i32.store8 (local.get $out) (i32.const 92))
                      (local.set $out (i32.add (local.get $out) (i32.const 1)))
                      (local.set $byte (local.get $letter))))
                  (i32.store8 (local.get $out) (local.get $byte))
                  (local.set $out (i32.add (local.get $out) (i32.const 1)))
                  (br_if $blocks (i32.lt_s (local.get $at) (local.get $end)))))
              (i32.store8 (local.get $out) (i32.const 9))
              (local.set $out (i32.add (local.get $out) (i32.const 1)))))
          (br_if $eachField (i32.lt_u (local.get $field) (local.get $fieldsEnd))))
        (i32.store offset=4 (local.get $place) (local.get $out))
        (br $eachRow)))
    (local.get $out)))
