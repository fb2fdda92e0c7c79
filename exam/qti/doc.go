// Package qti reads exam content in the field's own format, IMS/1EdTech QTI 2.1, 2.2 and 3.0, into one model shaped like 3.0:
// packages with tests, parts, sections and items, in which everything that the files hold is either in the model or on a list of
// findings with its place. Items are marked by the rules that they bring.
//
// [Open] and [Read] give a [Package]. [Item.Start] begins a candidate's [Session] on an item, with the template variables of its seed;
// [Session.Body] is what the candidate sees, [Session.Mark] runs the rules. [Test.Arrange] selects and orders items for a seed, and
// [Form.Score] runs the rules of the test.
//
// Left out on purpose, and reported where it occurs: drawing, upload, end-attempt and custom interactions; adaptive items; custom
// operators; preconditions, branch rules, adaptive selection and template defaults of tests; context variables; style sheets; QTI 1.
// Nothing outside the package is ever read. Documents that declare entities, archives with links or with names that lead out, and
// manifests that contradict their files are refused whatever the options say.
//
// The parts have packages of their own: intake (the files), xmltree (a document), body (what is seen), processing (variables and
// rules), finding (what is reported), results (QTI Results Reporting), sheet (items from a table) and trial (items tried by script).
package qti
