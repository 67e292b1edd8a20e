using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Orleans.Raft.Cluster.Tests.Clustering;

/// <summary>A cable from one voter to another that can be cut: what is sent then stays in it, and what is dialed is not answered.</summary>
internal sealed class CutProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _target;
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<Task, byte> _connections = new();
    private readonly Task _accepting;
    private TaskCompletionSource _whole = Done();

    public CutProxy(int targetPort)
    {
        _target = new IPEndPoint(IPAddress.Loopback, targetPort);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    public void Cut()
    {
        if (_whole.Task.IsCompleted)
        {
            _whole = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Mend() => _whole.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        _listener.Stop();
        Mend();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _stopping.Dispose();
    }

    private static TaskCompletionSource Done()
    {
        var done = new TaskCompletionSource();
        done.SetResult();
        return done;
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                var client = await _listener.AcceptSocketAsync(_stopping.Token);
                _connections.TryAdd(ForwardAsync(client), 0);
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException)
            {
                // Stopped, or the one who dialed was killed meanwhile.
            }
        }
    }

    private async Task ForwardAsync(Socket client)
    {
        using (client)
        using (var server = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            try
            {
                await _whole.Task.WaitAsync(_stopping.Token);
                await server.ConnectAsync(_target, _stopping.Token);
                using var ending = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
                Task[] ways = [PumpAsync(client, server, ending.Token), PumpAsync(server, client, ending.Token)];
                await Task.WhenAny(ways);
                await ending.CancelAsync();
                await Task.WhenAll(ways);
            }
            catch (Exception failure) when (failure is OperationCanceledException or SocketException)
            {
                // One end is gone, and so is the connection.
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, CancellationToken cancellationToken)
    {
        var bytes = new byte[16 * 1024];
        int count;
        while ((count = await from.ReceiveAsync(bytes, cancellationToken)) > 0)
        {
            await _whole.Task.WaitAsync(cancellationToken);
            await to.SendAsync(bytes.AsMemory(0, count), cancellationToken);
        }
    }
}
