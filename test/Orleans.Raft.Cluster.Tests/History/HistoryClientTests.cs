using System.Net;
using System.Net.Sockets;
using Xunit;

namespace Orleans.Raft.Cluster.Tests.History;

public sealed class HistoryClientTests
{
    [Fact]
    public async Task A_request_whose_server_dies_while_it_works_on_it_is_of_unknown_outcome_though_nobody_listens_any_more()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var node = new Uri($"http://{listener.LocalEndpoint}");
        var log = new HistoryLog();
        using var client = new HistoryClient("c", seed: 1, [node], log);

        var deleting = client.DoAsync("k", RegisterAction.Delete, node);
        using (var server = await listener.AcceptSocketAsync())
        {
            Assert.True(await server.ReceiveAsync(new byte[1024]) > 0, "no request came");
            listener.Stop();
        }

        Assert.False(await deleting);
        Assert.Equal(RegisterResult.Unknown, Assert.Single(log.Of("k")).Result);
    }

    [Fact]
    public async Task A_request_that_nobody_took_was_not_done_and_is_not_noted()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var node = new Uri($"http://{listener.LocalEndpoint}");
        listener.Stop();
        var log = new HistoryLog();
        using var client = new HistoryClient("c", seed: 1, [node], log);

        Assert.False(await client.DoAsync("k", RegisterAction.Delete, node));
        Assert.Empty(log.Keys);
    }
}
