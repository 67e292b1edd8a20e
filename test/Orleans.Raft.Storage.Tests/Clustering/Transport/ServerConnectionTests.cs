using Orleans.Raft.Storage.Clustering;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

public sealed class ServerConnectionTests
{
    [Fact]
    public async Task A_message_of_the_group_gets_past_any_number_of_requests_that_wait_and_those_beyond_the_limit_are_told_to_come_back()
    {
        var log = new LogLines();
        var messages = 0;
        var never = new TaskCompletionSource<Answer>();
        await using var server = new StubHandler(log) { Answer = never.Task, OnMessage = () => Interlocked.Increment(ref messages) };
        using var peer = new RawPeer(server.Port);
        Assert.Equal("", await peer.GreetAsync());
        for (var id = 1; id <= TransportLimits.MaxRequestsPerConnection + 1; id++)
        {
            await peer.SendAsync(new Frame(FrameKind.Read, id, default).Encode());
        }

        await peer.SendAsync(new Frame(FrameKind.Message, 0, new byte[] { 1 }).Encode());
        await Until.TrueAsync(() => Volatile.Read(ref messages) == 1, "the message is through");
        var answer = Frame.Decode(await peer.ReceiveAsync() ?? []);
        Assert.Equal(TransportLimits.MaxRequestsPerConnection + 1, answer.Id);
        Assert.Equal(AnswerStatus.Busy, Answer.Decode(answer.Body).Status);
        never.SetResult(new Answer(AnswerStatus.Ok));
    }

    [Fact]
    public async Task Who_has_no_store_sends_no_messages_of_the_group()
    {
        await using var cluster = new VoterCluster(1);
        var node = await cluster.StartAsync("s1");
        await node.Client.ReadAsync(true, CancellationToken.None);
        using var peer = new RawPeer(cluster.PortOf("s1"));
        Assert.Equal("", await peer.GreetAsync());
        await peer.SendAsync(new Frame(FrameKind.Message, 0, new byte[64]).Encode());
        await peer.WaitForCloseAsync();
        await Until.TrueAsync(() => cluster.Log.Warnings.Any(static line => line.Contains("has no store", StringComparison.Ordinal)), "the line says why");
    }
}
