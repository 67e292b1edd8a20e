using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Orleans.Raft.Cluster.Tests.History;

/// <summary>A client of the sample that notes everything it does.</summary>
internal sealed class HistoryClient : IDisposable
{
    private const int KeysAtATime = 4;
    private static readonly TimeSpan KeysChangeAfter = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(20);

    private readonly HttpClient _http;
    private readonly Dictionary<string, (string Value, string ETag)> _known = new(StringComparer.Ordinal);
    private readonly string _name;
    private readonly Random _random;
    private readonly Uri[] _nodes;
    private readonly HistoryLog _log;
    private int _written;
    private bool _isConnected;

    public HistoryClient(string name, int seed, Uri[] nodes, HistoryLog log)
    {
        (_name, _random, _nodes, _log) = (name, new Random(seed), nodes, log);
        _http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero, ConnectCallback = ConnectAsync }) { Timeout = Patience };
    }

    /// <summary>Does one thing after another until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var pace = new PeriodicTimer(Pace);
        while (!stop.IsCancellationRequested)
        {
            var key = $"h{_log.Now / (long)KeysChangeAfter.TotalMicroseconds}-{_random.Next(KeysAtATime)}";
            await DoAsync(key, _random.Next(100) switch
            {
                < 35 => RegisterAction.Read,
                < 60 => RegisterAction.Write,
                < 78 => RegisterAction.CompareAndSet,
                < 86 => RegisterAction.Create,
                < 94 => RegisterAction.Delete,
                _ => RegisterAction.CompareAndDelete,
            }, _nodes[_random.Next(_nodes.Length)]);
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>Reads a key through a node; false if it could not be read.</summary>
    public Task<bool> ReadAsync(string key, Uri node) => DoAsync(key, RegisterAction.Read, node);

    public void Dispose() => _http.Dispose();

    /// <summary>Does something with a key through a node, and notes what it was told; false if it may not have been done.</summary>
    public async Task<bool> DoAsync(string key, RegisterAction action, Uri node)
    {
        var isComparing = action is RegisterAction.CompareAndSet or RegisterAction.CompareAndDelete;
        if (isComparing && !_known.ContainsKey(key))
        {
            return false;
        }

        var isWriting = action is RegisterAction.Write or RegisterAction.CompareAndSet or RegisterAction.Create;
        var value = isWriting ? $"{_name}.{++_written}" : null;
        var known = _known.GetValueOrDefault(key);
        using var request = Request(action, new Uri(node, $"/kv/{key}"), value, known.ETag);
        var operation = new RegisterOperation(
            action, value, isComparing ? known.Value : null, RegisterResult.Unknown, _log.Now, 0, $"{_name}@{node.Port}");
        _isConnected = false;
        try
        {
            using var response = await _http.SendAsync(request);
            await NoteAsync(key, operation, response);
            return response.StatusCode is not HttpStatusCode.ServiceUnavailable;
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError is HttpRequestError.ConnectionError && !_isConnected)
        {
            // No connection, so nothing was sent.
            return false;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException or IOException)
        {
            NoteUnknown(key, operation);
            return false;
        }
    }

    // One connection a request. .NET sends a request again, on another connection, if the server of the first dies: it may have been done by then, and is not done twice here,
    // nor taken for one that never was sent because the second connection is refused (seed 53637822: a delete).
    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (_isConnected)
        {
            throw new IOException("The request was sent already.");
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        _isConnected = true;
        return new NetworkStream(socket, ownsSocket: true);
    }

    private async Task NoteAsync(string key, RegisterOperation operation, HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync();
        var told = operation with { Returned = _log.Now };
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK when operation.Action is RegisterAction.Read:
                Know(key, body, response);
                _log.Add(key, told with { Value = body, Result = RegisterResult.Done });
                break;
            case HttpStatusCode.NotFound when operation.Action is RegisterAction.Read:
                _log.Add(key, told with { Result = RegisterResult.Done });
                break;
            case HttpStatusCode.NoContent when operation.Action is not RegisterAction.Read:
                if (operation.Value is { } written)
                {
                    Know(key, written, response);
                }

                _log.Add(key, told with { Result = RegisterResult.Done });
                break;
            case HttpStatusCode.NotFound when operation.Action is RegisterAction.Delete:
            case HttpStatusCode.PreconditionFailed when operation.Action is not (RegisterAction.Read or RegisterAction.Write):
                _log.Add(key, told with { Result = RegisterResult.Refused });
                break;
            case HttpStatusCode.ServiceUnavailable when OutcomeOf(body) is "failed":
                break;
            case HttpStatusCode.ServiceUnavailable when OutcomeOf(body) is "unknown" && operation.Action is not RegisterAction.Read:
                NoteUnknown(key, operation);
                break;
            default:
                _log.Odd($"{operation} on {key} was answered {(int)response.StatusCode}: {body}");
                NoteUnknown(key, operation);
                break;
        }
    }

    private void Know(string key, string value, HttpResponseMessage response)
    {
        var etag = response.Headers.ETag!.ToString();
        _log.SawVersion(key, etag, value);
        _known[key] = (value, etag);
    }

    // A read that was not answered tells nothing.
    private void NoteUnknown(string key, RegisterOperation operation)
    {
        if (operation.Action is not RegisterAction.Read)
        {
            _log.Add(key, operation);
        }
    }

    private static string? OutcomeOf(string body) => JsonNode.Parse(body)?["outcome"]?.GetValue<string>();

    private static HttpRequestMessage Request(RegisterAction action, Uri target, string? value, string? etag)
    {
        var method = action switch
        {
            RegisterAction.Read => HttpMethod.Get,
            RegisterAction.Write or RegisterAction.CompareAndSet or RegisterAction.Create => HttpMethod.Put,
            RegisterAction.Delete or RegisterAction.CompareAndDelete => HttpMethod.Delete,
        };
        var request = new HttpRequestMessage(method, target) { Content = value is null ? null : new StringContent(value) };
        request.Headers.ConnectionClose = true;
        if (action is RegisterAction.CompareAndSet or RegisterAction.CompareAndDelete)
        {
            request.Headers.TryAddWithoutValidation("If-Match", etag);
        }
        else if (action is RegisterAction.Create)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", "*");
        }

        return request;
    }
}
