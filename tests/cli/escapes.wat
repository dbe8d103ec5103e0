;; Fails in functions with names that a terminal would obey.
(component
  (core module $m
    (func $"\1b[2J\1b[31mred" unreachable)
    (func $"\nerror: forged" (export "run") (call 0)))
  (core instance $i (instantiate $m))
  (func (export "run") (canon lift (core func $i "run"))))
