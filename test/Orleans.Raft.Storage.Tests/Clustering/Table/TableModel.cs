using Orleans.Raft.Storage.Clustering;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

/// <summary>What the table must be, kept as a list of accepted writes.</summary>
internal sealed class TableModel
{
    private readonly List<(long Index, TableCommand Command)> _accepted = [];
    private readonly Dictionary<(long Session, long Sequence), TableOutcome> _answers = [];

    public void Expect(long index, TableCommand command, TableOutcome outcome)
    {
        if (command.Kind is TableCommandKind.OpenSession)
        {
            Assert.Equal(new TableOutcome(TableResult.Done, index), outcome);
            return;
        }

        if (command.Session != 0 && _answers.TryGetValue((command.Session, command.Sequence), out var before))
        {
            Assert.Equal(before, outcome);
            return;
        }

        var expected = Accepts(command) ? TableResult.Done : TableResult.Conflict;
        Assert.Equal(expected, outcome.Result);
        _answers[(command.Session, command.Sequence)] = outcome;
        if (outcome.Result is TableResult.Done)
        {
            _accepted.Add((index, command));
        }
    }

    public void Check(TableView view)
    {
        var rows = Rows();
        Assert.Equal(rows.Keys.Order(StringComparer.Ordinal), view.Rows.Keys);
        Assert.All(view.Rows, pair => Assert.Equal(rows[pair.Key], (pair.Value.ETag, pair.Value.Status, pair.Value.AliveTime)));
        Assert.Equal(VersionETag(), view.VersionETag);
    }

    private bool Accepts(TableCommand command)
    {
        var rows = Rows();
        var present = rows.TryGetValue(command.Row!.Silo, out var row);
        return command.Kind switch
        {
            TableCommandKind.Insert => !present && command.VersionETag == VersionETag(),
            TableCommandKind.Update => present && command.VersionETag == VersionETag() && row.ETag == command.RowETag,
            _ => true,
        };
    }

    private long VersionETag() => _accepted.LastOrDefault(static write =>
        write.Command.Kind is TableCommandKind.Insert or TableCommandKind.Update or TableCommandKind.DeleteAll, (1, null!)).Index;

    private Dictionary<string, (long ETag, int Status, long Alive)> Rows()
    {
        var rows = new Dictionary<string, (long ETag, int Status, long Alive)>();
        var suspected = new Dictionary<string, long>();
        foreach (var (index, command) in _accepted)
        {
            switch (command.Kind)
            {
                case TableCommandKind.Insert or TableCommandKind.Update:
                    var row = command.Row!;
                    var alive = rows.TryGetValue(row.Silo, out var old) ? Math.Max(old.Alive, row.AliveTime) : row.AliveTime;
                    rows[row.Silo] = (index, row.Status, alive);
                    suspected[row.Silo] = row.Suspicions.Select(static suspicion => suspicion.Time).DefaultIfEmpty().Max();
                    break;
                case TableCommandKind.Alive when rows.TryGetValue(command.Alive[0].Silo, out var reported):
                    rows[command.Alive[0].Silo] = reported with { Alive = Math.Max(reported.Alive, command.Alive[0].Time) };
                    break;
                case TableCommandKind.Cleanup:
                    foreach (var silo in rows.Keys.Where(silo => rows[silo].Status == 6
                                 && Math.Max(rows[silo].Alive, suspected[silo]) < command.Before).ToList())
                    {
                        rows.Remove(silo);
                    }

                    break;
                case TableCommandKind.DeleteAll:
                    rows.Clear();
                    break;
            }
        }

        return rows;
    }
}
