# Its own stacks, threads, exceptions by longjmp.
swipl -g "numlist(1, 100000, L), sum_list(L, S), writeln(S)" \
    -g "length(Q, 6), Q = [A,B,C,D,E,F], numlist(1, 6, N), permutation(N, Q), A + B + C =:= D + E + F - 1, writeln(Q)" \
    -g "catch(atom_length(_, _), error(E1, _), (print(E1), nl))" \
    -g "concurrent_maplist([X, Y] >> (Y is X * X), [1, 2, 3, 4], R), writeln(R)" -t 'halt(3)'
