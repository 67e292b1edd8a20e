using Orleans.Raft.Storage.Clustering;
using Orleans.Runtime;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.Clustering;

/// <summary>
/// A silo as the table sees it, again and again: joins, becomes active, says that it is alive, dies, is cleaned up. Only it writes its row, so it
/// knows what must be there.
/// </summary>
internal sealed class ChaosSilo(int number, TableClient client, TableHistory history)
{
    private const int Steps = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private string _address = "";
    private SiloRow? _row;
    private long _alive;

    public async Task RunAsync(CancellationToken ending)
    {
        for (var generation = 1; !ending.IsCancellationRequested; generation++)
        {
            (_address, _row, _alive) = ($"127.0.0.1:{number}@{generation}", null, 0);
            for (var step = 1; step <= Steps && !ending.IsCancellationRequested; step++)
            {
                await WriteAsync(step == Steps ? SiloStatus.Dead : step == 1 ? SiloStatus.Joining : SiloStatus.Active, step);
                await SayAliveAsync(step);
            }

            if (_row?.Status == (int)SiloStatus.Dead)
            {
                await CleanUpAsync();
            }
        }
    }

    /// <summary>The row is as it was acknowledged, also now.</summary>
    public void Check(TableView view)
    {
        if (!view.Rows.TryGetValue(_address, out var row) && _row?.Status == (int)SiloStatus.Dead)
        {
            // Cleaned up with those of other silos.
            history.OnGone(_address);
            return;
        }

        Assert.Equal(_row is null ? null : Describe(_row), row is null ? null : Describe(row));
        Assert.True(row is null || row.AliveTime <= _alive, $"{_address} was alive at {row?.AliveTime}, and never said more than {_alive}");
    }

    private static string Describe(SiloRow row) => $"{row.Silo} status={row.Status} step={row.FaultZone} etag={row.ETag}";

    private async Task WriteAsync(SiloStatus status, int step)
    {
        while (true)
        {
            var view = await ReadAsync();
            var row = new SiloRow { Silo = _address, Status = (int)status, FaultZone = step, AliveTime = _alive };
            var command = new TableCommand
            {
                Kind = _row is null ? TableCommandKind.Insert : TableCommandKind.Update,
                Row = row,
                Version = view.Version + 1,
                VersionETag = view.VersionETag,
                RowETag = _row?.ETag ?? 0,
            };
            bool? isWritten;
            try
            {
                using var limit = new CancellationTokenSource(Patience);
                isWritten = await client.ChangeAsync(command, limit.Token) is TableResult.Done;
            }
            catch (TableUnavailableException)
            {
                isWritten = null;
            }

            // Acknowledged: it is there. Refused: it is not. Unknown: the read decides, once and for all.
            var after = (await history.ReadWhenPossibleAsync(client)).Rows.GetValueOrDefault(_address);
            // A row that is dead may have been cleaned up with another silo's.
            var isCleaned = after is null && _row is not null && status is SiloStatus.Dead;
            if (isWritten ?? (isCleaned || after?.FaultZone == step))
            {
                Assert.True(isCleaned || (after?.Status, after?.FaultZone) == ((int)status, step), $"{_address} step {step} was acknowledged, then {after} was read");
                history.OnWritten(view.Version + 1, $"{_address} step {step}");
                _row = after ?? row;
                return;
            }

            // A refused write has changed nothing.
            Assert.Equal(_row is null ? null : Describe(_row), after is null ? null : Describe(after));
        }
    }

    private async Task<TableView> ReadAsync()
    {
        var view = await history.ReadWhenPossibleAsync(client);
        Check(view);
        return view;
    }

    private async Task SayAliveAsync(int step)
    {
        _alive = step;
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await client.ReportAliveAsync(new AliveReport(_address, step), limit.Token);
        }
        catch (TableUnavailableException)
        {
            // A silo that cannot say it now says it with its next step.
        }
    }

    private async Task CleanUpAsync()
    {
        var silo = _address;
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            await client.ChangeAsync(new TableCommand { Kind = TableCommandKind.Cleanup, Before = Steps + 1 }, limit.Token);
        }
        catch (TableUnavailableException)
        {
            // Done by the next clean-up of whichever silo, or already done.
        }

        if (!(await history.ReadWhenPossibleAsync(client)).Rows.ContainsKey(silo))
        {
            history.OnGone(silo);
        }
    }
}
