"""Classes of sizes, of numbers, of losses and of masks, which a case may carry beside its options.

Faults hide behind conditions that no option names: from 17 units on, where the loss looks at the last step only, where
an input is exactly zero, where every row is full. So a combination of options may say more (`option_table.CARRIED`):

``shape``    a row of `sizes.SHAPES`: sizes as layers have them, where vector units and blocked kernels change
``values``   what is special about its numbers (`values`)
``loss``     which outputs and states have a cotangent, as losses make them (`losses`)
``extent``   how much a mask or lengths leave (`extents`)

`covering` chooses a few such cases, in which each class meets each cell, direction and precision.
"""
