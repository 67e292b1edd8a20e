using Orleans.Raft.Storage.Clustering;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

public sealed class TableClientTests
{
    [Fact]
    public async Task A_change_whose_time_ends_while_another_one_opens_the_session_ends_as_any_that_got_no_answer()
    {
        var client = new TableClient(static () => [new Silent()], TimeProvider.System);
        var command = new TableCommand { Kind = TableCommandKind.DeleteAll };
        using var later = new CancellationTokenSource();
        var opening = client.ChangeAsync(command, later.Token);
        using var shortly = new CancellationTokenSource(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAsync<TableUnavailableException>(() => client.ChangeAsync(command, shortly.Token));
        await later.CancelAsync();
        await Assert.ThrowsAsync<TableUnavailableException>(() => opening);
    }

    private sealed class Silent : ITableServer
    {
        public string Name => "s1";

        public Task<Answer> AskAsync(FrameKind kind, ReadOnlyMemory<byte> body, CancellationToken cancellationToken) =>
            new TaskCompletionSource<Answer>().Task.WaitAsync(cancellationToken);
    }
}
