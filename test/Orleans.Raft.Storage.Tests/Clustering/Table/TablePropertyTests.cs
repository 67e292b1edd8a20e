using CsCheck;
using Orleans.Raft.Core;
using Orleans.Raft.Storage.Clustering;
using Orleans.Raft.Wire;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>Random histories against a model that is written the other way round: it keeps history and looks answers up in it.</summary>
public sealed class TablePropertyTests
{
    private static readonly Gen<string> Silo = Gen.Int[0, 3].Select(static number => ((char)('a' + number)).ToString());

    private static readonly Gen<SiloRow> Row =
        from silo in Silo
        from status in Gen.Int[0, 6]
        from alive in Gen.Long[0, 50]
        from zone in Gen.Int[-3, 3]
        from role in Gen.Bool.Select(static web => web ? "web" : "")
        from suspects in Gen.Select(Silo, Gen.Long[0, 50], static (suspect, time) => new Suspicion(suspect, time)).Array[0, 2]
        select new SiloRow
        {
            Silo = silo, Status = status, AliveTime = alive, UpdateZone = zone, RoleName = role, SiloName = silo, Suspicions = [.. suspects],
        };

    // ETags are drawn as "how far back": 0 is the present one, so that half of the writes succeed.
    private static readonly Gen<(TableCommandKind Kind, SiloRow Row, int Back, int RowBack, long Time, bool Repeat)> Step = Gen.Select(
        Gen.Frequency(
            (1, Gen.Const(TableCommandKind.OpenSession)),
            (6, Gen.Const(TableCommandKind.Insert)),
            (10, Gen.Const(TableCommandKind.Update)),
            (4, Gen.Const(TableCommandKind.Alive)),
            (2, Gen.Const(TableCommandKind.Cleanup)),
            (1, Gen.Const(TableCommandKind.DeleteAll))),
        Row,
        Gen.Frequency((4, Gen.Const(0)), (1, Gen.Int[1, 3])),
        Gen.Frequency((4, Gen.Const(0)), (1, Gen.Int[1, 3])),
        Gen.Long[0, 60],
        Gen.Frequency((4, Gen.Const(false)), (1, Gen.Const(true))));

    [Fact]
    public void A_state_that_is_stored_and_read_back_goes_on_as_if_it_had_not_been()
    {
        Step.Array[0, 60].Sample(steps =>
        {
            var (plain, stored) = (Genesis(), Genesis());
            foreach (var command in Commands(steps, plain))
            {
                stored = TableState.Decode(stored.Encode());
                Assert.Equal(plain.Apply(plain.Applied + 1, command), stored.Apply(stored.Applied + 1, command));
                Assert.Equal(plain.Encode(), stored.Encode());
            }
        }, iter: 2000);
    }

    [Fact]
    public void Every_history_is_one_of_a_table_with_compare_and_swap_in_which_repeats_do_nothing()
    {
        Step.Array[0, 60].Sample(steps =>
        {
            var (state, model) = (Genesis(), new TableModel());
            foreach (var command in Commands(steps, state))
            {
                var outcome = state.Apply(state.Applied + 1, command);
                model.Expect(state.Applied, command, outcome);
                model.Check(state.View);
            }
        }, iter: 2000);
    }

    [Fact]
    public void Commands_read_back_as_they_were_written()
    {
        Row.Select(Gen.Long[0, long.MaxValue], Gen.Int).Sample((row, number, version) =>
        {
            var command = new TableCommand
            {
                Kind = TableCommandKind.Update, Row = row, Version = version, VersionETag = number, RowETag = number, Session = number,
                Sequence = 1, Alive = [new AliveReport("x", 5)], Nonce = Guid.NewGuid(),
            };
            Assert.Equal(command.Encode(), TableCommand.Decode(command.Encode()).Encode());
            Assert.Equal(row, TableCommand.Decode(command.Encode()).Row);
        });
    }

    [Fact]
    public void Bytes_that_are_no_command_and_no_state_are_refused_with_the_one_exception()
    {
        var good = new TableCommand { Kind = TableCommandKind.Update, Row = new SiloRow { Silo = "a" }, Version = 3, VersionETag = 2 }.Encode();
        Gen.Select(Gen.Int[0, good.Length - 1], Gen.Byte, Gen.Int[0, good.Length]).Sample((position, value, length) =>
        {
            var bytes = good.AsSpan(0, Math.Max(length, position + 1)).ToArray();
            bytes[position] = value;
            OnlyWireErrors(() => TableCommand.Decode(bytes));
            OnlyWireErrors(() => TableState.Decode(bytes));
        }, iter: 20_000);
        Gen.Byte.Array[0, 60].Sample(bytes =>
        {
            OnlyWireErrors(() => TableCommand.Decode(bytes));
            OnlyWireErrors(() => TableState.Decode(bytes));
        }, iter: 20_000);
    }

    private static void OnlyWireErrors(Func<object> read)
    {
        try
        {
            read();
        }
        catch (WireFormatException)
        {
            // The one exception that untrusted bytes may cause.
        }
    }

    private static TableState Genesis() =>
        TableState.Genesis(new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11), "test", [new VoterBinding { Replica = new ReplicaId(1), Name = "s1" }]);

    private static IEnumerable<TableCommand> Commands(
        (TableCommandKind Kind, SiloRow Row, int Back, int RowBack, long Time, bool Repeat)[] steps, TableState state)
    {
        var (session, sequence) = (0L, 0L);
        TableCommand? last = null;
        foreach (var (kind, row, back, rowBack, time, repeat) in steps)
        {
            if (repeat && last is not null)
            {
                yield return last;
                continue;
            }

            var rowETag = state.View.Rows.TryGetValue(row.Silo, out var present) ? present.ETag : 0;
            var command = new TableCommand
            {
                Kind = kind, Row = row, Version = state.View.Version + 1, VersionETag = Math.Max(0, state.View.VersionETag - back),
                RowETag = Math.Max(0, rowETag - rowBack), Alive = [new AliveReport(row.Silo, time)], Before = time,
                Session = kind is TableCommandKind.OpenSession ? 0 : session, Sequence = session == 0 ? 0 : ++sequence, LowWater = Math.Max(0, sequence - 1),
            };
            if (kind is TableCommandKind.OpenSession)
            {
                (session, sequence) = (state.Applied + 1, 0);
            }

            last = command.Session == 0 ? null : command;
            yield return command;
        }
    }
}
