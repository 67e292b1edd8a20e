using System.Diagnostics;
using Npgsql;
using Orleans.Raft.Testing;

namespace Orleans.Raft.Cluster.Tests.Provider.Backing;

/// <summary>A database server of Debian's packages on loopback, with data of its own, for one test.</summary>
internal sealed class DatabaseServer : IAsyncDisposable
{
    private readonly string _data;
    private readonly Process? _process;

    private DatabaseServer(string data, Process? process, string kind, string connection)
    {
        (_data, _process, Kind, Connection) = (data, process, kind, connection);
    }

    public string Kind { get; }

    public string Connection { get; }

    public static Task<DatabaseServer> StartAsync(string kind) => kind switch
    {
        "redis" => StartRedisAsync(),
        "postgresql" => StartPostgreSqlAsync(),
        "memory" => Task.FromResult(new DatabaseServer(Directory.CreateTempSubdirectory("memory-").FullName, null, kind, "none")),
        _ => throw new ArgumentException($"There is no server of kind '{kind}'.", nameof(kind)),
    };

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
            _process.Dispose();
        }

        Directory.Delete(_data, recursive: true);
    }

    private static async Task<DatabaseServer> StartRedisAsync()
    {
        var command = Requires.Command("redis-server", "redis-server");
        var data = Directory.CreateTempSubdirectory("redis-").FullName;
        var port = SiloSet.FreePorts(1)[0];
        var process = Start(command, $"--port {port} --bind 127.0.0.1 --dir {data} --save \"\" --appendonly no");
        var server = new DatabaseServer(data, process, "redis", $"127.0.0.1:{port},abortConnect=false");
        await ReachedAsync(async () =>
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync("127.0.0.1", port);
        });
        return server;
    }

    private static async Task<DatabaseServer> StartPostgreSqlAsync()
    {
        var binaries = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Order().LastOrDefault() : null;
        Requires.That(binaries is not null, "PostgreSQL (apt-get install postgresql)");
        Requires.Root();
        var data = Directory.CreateTempSubdirectory("postgresql-").FullName;
        await RunAsync("chown", $"postgres {data}");
        await RunAsync("runuser", $"-u postgres -- {binaries}/bin/initdb -D {data}/db -A trust --no-sync");
        var port = SiloSet.FreePorts(1)[0];
        var process = Start(
            "runuser", $"-u postgres -- {binaries}/bin/postgres -D {data}/db -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c max_connections=200");
        var connection = $"Host=127.0.0.1;Port={port};Username=postgres;Database=postgres;Maximum Pool Size=40";
        var server = new DatabaseServer(data, process, "postgresql", connection);
        await ReachedAsync(async () =>
        {
            await using var database = new NpgsqlConnection(connection);
            await database.OpenAsync();
        });
        await using var created = new NpgsqlConnection(connection);
        await created.OpenAsync();
        await using var script = new NpgsqlCommand(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "postgresql.sql")), created);
        await script.ExecuteNonQueryAsync();
        return server;
    }

    private static Process Start(string command, string arguments)
    {
        var process = Process.Start(new ProcessStartInfo(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/tmp",
        })!;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static async Task RunAsync(string command, string arguments)
    {
        using var process = Start(command, arguments);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{command} {arguments} ended with {process.ExitCode}.");
        }
    }

    private static async Task ReachedAsync(Func<Task> connect)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            try
            {
                await connect();
                return;
            }
            catch (Exception exception) when (exception is NpgsqlException or System.Net.Sockets.SocketException)
            {
                await timer.WaitForNextTickAsync(limit.Token);
            }
        }
    }
}
