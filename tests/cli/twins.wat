;; Two interfaces with a function of the same name.
(component
  (core module $m
    (func (export "one") (result i32) (i32.const 1))
    (func (export "two") (result i32) (i32.const 2)))
  (core instance $i (instantiate $m))
  (func $one (result u32) (canon lift (core func $i "one")))
  (func $two (result u32) (canon lift (core func $i "two")))
  (instance $left (export "count" (func $one)))
  (instance $right (export "count" (func $two)))
  (export "test:twins/left@1.0.0" (instance $left))
  (export "test:twins/right@1.0.0" (instance $right)))
